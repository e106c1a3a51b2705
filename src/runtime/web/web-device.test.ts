/** What is refused on a device of browsers before anything is made for it. */
import { expect, test } from "vitest";
import { checkWebDevice } from "./web-device.ts";

test.each(["auto", "cpu", "webgpu"] as const)("browsers may have %s", (device) => {
  expect(() => {
    checkWebDevice(device);
  }).not.toThrow();
});

test.each(["cuda", "dml", "coreml"] as const)("browsers never have %s", (device) => {
  expect(() => {
    checkWebDevice(device);
  }).toThrow(`device: expected "auto", "cpu" or "webgpu" in onnxruntime-web, found "${device}".`);
});
