/** The devices of browsers. */
import { VaekitError } from "../../errors.ts";
import type { Graph } from "../../graph/index.ts";
import { formatShape } from "../../tensor/shape.ts";
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

/** Below this side no map was seen to be right: latents of 1x1 were 1.46 off (onnxruntime-web 1.30.0, SwiftShader), of 4x4 right. */
export const leastSide = 4;

/** @throws UNSUPPORTED for maps so small that onnxruntime-web's WebGPU computes them wrong. */
export function refuseTinyMaps({ name, inputs, outputs }: Graph): void {
  const tiny = [...inputs, ...outputs].find(
    ({ shape }) => shape.length === 4 && shape.slice(2).every((side) => side < leastSide),
  );
  if (tiny === undefined) return;
  const found = formatShape(tiny.shape);
  const message = `${name}: expected maps of ${leastSide}x${leastSide} or more, which onnxruntime-web computes right in WebGPU, found ${tiny.name} of ${found}. Use device: "cpu", or a larger picture.`;
  throw new VaekitError("UNSUPPORTED", message);
}
