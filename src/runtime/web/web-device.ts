/** The devices of browsers. */
import { VaekitError } from "../../errors.ts";
import type { ConcreteDevice, Device } from "../runtime.ts";

/** What onnxruntime-web calls our devices; null for those that it does not have. */
export const providers: { readonly [D in ConcreteDevice]: string | null } = {
  cpu: "wasm",
  webgpu: "webgpu",
  cuda: null,
  dml: null,
  coreml: null,
};

/** @throws UNSUPPORTED for a device that browsers do not have. */
export function checkWebDevice(device: Device): void {
  if (device === "auto" || providers[device] !== null) return;
  const message = `device: expected "auto", "cpu" or "webgpu" in onnxruntime-web, found "${device}".`;
  throw new VaekitError("UNSUPPORTED", message);
}
