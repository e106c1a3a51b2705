/** What to do where onnxruntime-web is there and its WebAssembly is not: bundlers leave that file behind. */
import { messageOf, VaekitError } from "../../errors.ts";

const remedy =
  "Serve ort-wasm-simd-threaded.wasm and .mjs from node_modules/onnxruntime-web/dist beside the bundle, or name their place in ort.env.wasm.wasmPaths.";

/** What ONNX Runtime says of files that it did not get; of a graph that it cannot run it says other things. */
const isAboutFiles =
  /no available backend found.*(fetching of the wasm|\.wasm|\.mjs|imported module|WebAssembly\.)/is;

/** The same error, or a clear one where the WebAssembly is missing. */
export function withWasmRemedy(error: unknown): unknown {
  const reason = messageOf(error);
  if (!isAboutFiles.test(reason)) return error;
  const [firstLine = ""] = reason.replace(/^no available backend found. ERR: /, "").split("\n");
  const message = `onnxruntime-web's WebAssembly could not be loaded (${firstLine}). ${remedy}`;
  return new VaekitError("UNSUPPORTED", message, { cause: error });
}

/** The error of an onnxruntime-web that could not be imported. */
export function missingModule(error: unknown): VaekitError {
  const message = `onnxruntime-web could not be loaded (${messageOf(error)}). Let the bundler follow import("onnxruntime-web/wasm"), or pass a module of it: openVae(url, options, ort).`;
  return new VaekitError("UNSUPPORTED", message, { cause: error });
}
