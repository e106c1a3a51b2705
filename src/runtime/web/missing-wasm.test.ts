/** What ONNX Runtime, Emscripten and browsers say where WebAssembly cannot be had, and what is said of it. */
import { expect, test } from "vitest";
import { LostDeviceError } from "./lost-device.ts";
import { withWasmRemedy } from "./missing-wasm.ts";

const backend = (reason: string): string => `no available backend found. ERR: [wasm] ${reason}`;

test.each([
  "Can't create a session. ERROR_CODE: 6, ERROR_MESSAGE: std::bad_alloc",
  backend("RangeError: WebAssembly.Memory(): could not allocate memory"),
  backend(
    "RangeError: WebAssembly.instantiate(): Out of memory: Cannot allocate Wasm memory for new instance",
  ),
  "failed to call OrtRun(). ERROR_CODE: 6, ERROR_MESSAGE: Failed to allocate memory for requested buffer of size 4294967296",
  "Aborted(OOM). Build with -sASSERTIONS for more info.",
])("no memory: %s", (reason) => {
  expect(withWasmRemedy(new Error(reason), "the graph decoder")).toMatchObject({
    code: "RUNTIME",
    message: `There is not enough memory for the graph decoder (${reason.replace(/^no .* ERR: /, "")}). Close other tabs, or take a smaller picture.`,
  });
});

test.each<[string, string, RegExp]>([
  [
    backend("Error: WebAssembly SIMD is not supported in the current environment."),
    "UNSUPPORTED",
    /^onnxruntime-web needs WebAssembly with SIMD, .* Use Chrome 91, .* or later\.$/,
  ],
  [backend("Error: previous call to 'initWasm()' failed."), "RUNTIME", /Reload it\.$/],
  [
    backend("TypeError: Failed to fetch dynamically imported module: http://h/ort.mjs\nmore"),
    "UNSUPPORTED",
    /^onnxruntime-web's WebAssembly could not be loaded \(\[wasm\] .*ort\.mjs\)\. Serve /,
  ],
])("%s", (reason, code, message) => {
  const found = withWasmRemedy(new Error(reason), "the graph decoder");
  expect(found).toMatchObject({ code, message: expect.stringMatching(message) as string });
});

test.each([
  new Error("no kernel for Sign"),
  new LostDeviceError("RUNTIME", "WebGPU's device was lost (out of memory)."),
])("what is of a graph or of a device stays as it is: %s", (error) => {
  expect(withWasmRemedy(error, "the graph decoder")).toBe(error);
});
