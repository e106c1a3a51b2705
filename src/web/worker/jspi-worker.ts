/** The worker whose engine is onnxruntime-web's entry `/jspi`. */
import * as ort from "onnxruntime-web/jspi";
import { serve } from "./serve.ts";

serve(ort, { readsBlobs: true });
