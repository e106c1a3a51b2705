/**
 * Latents as bytes, as TAESD's authors keep them in pictures: clamped to a range and rounded to 256 steps.
 *
 * @see diffusers, AutoencoderTiny.scale_latents, unscale_latents and forward
 */
import { checkTensor } from "../../tensor/check-tensor.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { AutoencoderTinyConfig } from "./config.ts";

type Range = Pick<AutoencoderTinyConfig, "latentMagnitude" | "latentShift">;

/** latents → [0, 1]: z / (2 · magnitude) + shift, clamped. */
export function scaleTinyLatents(
  latents: Tensor,
  { latentMagnitude, latentShift }: Range,
): Tensor<"float32"> {
  const [extent, shift] = [Math.fround(2 * latentMagnitude), Math.fround(latentShift)];
  return mapped(latents, "scaleLatents", (z) =>
    Math.min(1, Math.max(0, Math.fround(Math.fround(z / extent) + shift))),
  );
}

/** [0, 1] → latents: the inverse of {@link scaleTinyLatents} within its range. */
export function unscaleTinyLatents(
  scaled: Tensor,
  { latentMagnitude, latentShift }: Range,
): Tensor<"float32"> {
  const [extent, shift] = [Math.fround(2 * latentMagnitude), Math.fround(latentShift)];
  return mapped(scaled, "unscaleLatents", (u) => Math.fround(u - shift) * extent);
}

/** What is left of latents that were kept as bytes. */
export function throughBytes(latents: Tensor, range: Range): Tensor<"float32"> {
  const bytes = mapped(scaleTinyLatents(latents, range), "forward", (u) =>
    roundHalfToEven(Math.fround(u * 255)),
  );
  return unscaleTinyLatents(
    mapped(bytes, "forward", (byte) => byte / 255),
    range,
  );
}

/** As torch.round; Math.round takes halves up. */
function roundHalfToEven(value: number): number {
  const floor = Math.floor(value);
  const isHalf = value - floor === 0.5;
  return isHalf && floor % 2 === 0 ? floor : Math.round(value);
}

function mapped(tensor: Tensor, subject: string, map: (value: number) => number): Tensor<"float32"> {
  checkTensor(tensor, subject);
  return Tensor.from(tensor.toFloat32().data.map(map), tensor.shape);
}
