/** A word about decoded values that no picture has: clipped to 0 and 255, they would look like a poster. */
import type { AutoencoderKL, Tensor } from "../node/index.ts";
import { warn } from "./failure.ts";

/** Trained decoders keep to about ±1, and overshoot by a few tenths. */
const farOutside = 2;

/** Warns when more than half of the values of a decoded batch [N, C, H, W] lie far outside [-1, 1]. */
export function warnOfSaturation(sample: Tensor, vae: AutoencoderKL, file: string): void {
  let outside = 0;
  let largest = 0;
  for (const value of sample.toFloat32().data) {
    const magnitude = Math.abs(value);
    if (magnitude > farOutside) outside++;
    if (magnitude > largest) largest = magnitude;
  }
  if (2 * outside <= sample.size) return;
  const share = Math.round((100 * outside) / sample.size);
  warn(
    `${file}: ${vae.name}: expected pixels of about -1 to 1, found ${share} % of them beyond ±${farOutside}, up to ${largest.toPrecision(3)}; the picture is little but 0 and 255. Check the model's weights, and that the latents are scaled as it expects.`,
  );
}
