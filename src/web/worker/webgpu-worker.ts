/** The worker whose engine is onnxruntime-web's entry `/webgpu`. */
import * as ort from "onnxruntime-web/webgpu";
import { serve } from "./serve.ts";

serve(ort);
