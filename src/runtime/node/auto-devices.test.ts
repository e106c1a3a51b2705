import { expect, test } from "vitest";
import { autoDevices } from "./auto-devices.ts";

const linux = ["cpu", "webgpu", "cuda", "tensorrt"];

test.each([
  ["Linux without an NVIDIA driver", linux, "linux", [], ["cpu"]],
  ["Linux with one", linux, "linux", ["/dev/nvidiactl"], ["cuda", "cpu"]],
  [
    "Linux with one that nobody has used yet",
    linux,
    "linux",
    ["/proc/driver/nvidia/version"],
    ["cuda", "cpu"],
  ],
  ["Linux inside Windows", linux, "linux", ["/dev/dxg"], ["cuda", "cpu"]],
  [
    "Linux on ARM, for which there is no CUDA provider",
    ["cpu", "webgpu"],
    "linux",
    ["/dev/nvidiactl"],
    ["cpu"],
  ],
  ["Windows", ["cpu", "dml", "webgpu"], "win32", [], ["dml", "cpu"]],
  ["Windows with CUDA", ["cpu", "dml", "webgpu", "cuda"], "win32", [], ["cuda", "dml", "cpu"]],
  ["macOS", ["cpu", "coreml", "webgpu"], "darwin", [], ["cpu"]],
] as const)("%s", (_, backends, platform, files, expected) => {
  const exists = (path: string): boolean => (files as readonly string[]).includes(path);
  expect(autoDevices({ backends, platform, exists })).toEqual(expected);
});
