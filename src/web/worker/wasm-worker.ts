/** The worker whose engine is onnxruntime-web's entry `/wasm`. */
import * as ort from "onnxruntime-web/wasm";
import { serve } from "./serve.ts";

serve(ort);
