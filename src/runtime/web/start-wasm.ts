/** Loads and compiles onnxruntime-web's WebAssembly before the first model needs it. */
import { GraphBuilder } from "../../graph/index.ts";
import { encodeModel } from "../../onnx/index.ts";
import { withWasmRemedy } from "./missing-wasm.ts";
import type { OrtModule } from "./ort-module.ts";
import { placeWeights } from "./weight-files.ts";

/** ONNX Runtime has no call for it but to make a session: the smallest one does. @throws UNSUPPORTED, RUNTIME where it cannot be had */
export async function startWasm({ InferenceSession }: OrtModule): Promise<void> {
  const builder = new GraphBuilder("start");
  const x = builder.input("x", "float32", [1]);
  const graph = builder.build({ y: builder.apply("Sigmoid", [x], {}) });
  const { place } = await placeWeights(graph, false);
  const model = encodeModel(graph, place);
  const session = await InferenceSession.create(model, { logSeverityLevel: 4 }).catch((error: unknown) => {
    throw withWasmRemedy(error, "onnxruntime-web's WebAssembly");
  });
  await session.release();
}
