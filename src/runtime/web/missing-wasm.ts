/** What to do where onnxruntime-web is there and its WebAssembly cannot be had: the file, what the browser lacks for it, or memory. */
import { messageOf, VaekitError } from "../../errors.ts";
import { NoEngineError } from "../no-engine-error.ts";

const serveIt =
  "Serve ort-wasm-simd-threaded.wasm and .mjs from node_modules/onnxruntime-web/dist beside the bundle, or name their place in ort.env.wasm.wasmPaths.";

/** What ONNX Runtime says of files that it did not get; of a graph that it cannot run it says other things. */
const isAboutFiles =
  /no available backend found.*(fetching of the wasm|\.wasm|\.mjs|imported module|WebAssembly\.)/is;
const isAboutSimd = /SIMD is not supported/i;
const isAboutStart = /previous call to 'initWasm\(\)' failed/;
/** In the words of browsers, of Emscripten and of C++. */
const isAboutMemory =
  /bad_alloc|could not allocate memory|out of memory|Maximum memory size|Aborted\(OOM\)|failed to allocate/i;

/**
 * The same error, or a clear one where the WebAssembly cannot be had.
 *
 * @param taker what takes memory, for messages.
 */
export function withWasmRemedy(error: unknown, taker: string): unknown {
  // Those of a device that was lost, or of weights, say for themselves what is to be done.
  if (error instanceof VaekitError) return error;
  const reason = messageOf(error);
  const [firstLine = ""] = reason.replace(/^no available backend found. ERR: /, "").split("\n");
  const options = { cause: error };
  if (isAboutMemory.test(reason)) {
    const message = `There is not enough memory for ${taker} (${firstLine}). Close other tabs, or take a smaller picture.`;
    return new NoEngineError("RUNTIME", message, options);
  }
  if (isAboutSimd.test(reason)) {
    const message =
      "onnxruntime-web needs WebAssembly with SIMD, which this browser does not have. Use Chrome 91, Firefox 89, Safari 16.4 or later.";
    return new NoEngineError("UNSUPPORTED", message, options);
  }
  if (isAboutStart.test(reason)) {
    const message =
      "onnxruntime-web's WebAssembly could not be started before, and is not tried again in this page. Reload it.";
    return new NoEngineError("RUNTIME", message, options);
  }
  if (!isAboutFiles.test(reason)) return error;
  const message = `onnxruntime-web's WebAssembly could not be loaded (${firstLine}). ${serveIt}`;
  return new NoEngineError("UNSUPPORTED", message, options);
}

/** The error of an onnxruntime-web that could not be imported. */
export function missingModule(error: unknown): VaekitError {
  const message = `onnxruntime-web could not be loaded (${messageOf(error)}). Let the bundler follow import("onnxruntime-web/wasm"), or pass a module of it: openVae(url, options, ort).`;
  return new VaekitError("UNSUPPORTED", message, { cause: error });
}
