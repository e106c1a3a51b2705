/** Decoded values that no picture has: clipped to 0 and 255, they would look like a poster. */
import { checkTensor } from "../tensor/check-tensor.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** Trained decoders keep to about ±1, and overshoot by a few tenths. */
const farOutside = 2;

/**
 * What to say of a decoded batch more than half of whose values lie far outside of [-1, 1]; undefined where all is well.
 *
 * @param sample what `decode` gives, of any shape.
 * @param modelName what to call the model.
 * @throws INVALID_ARGUMENT for what is no tensor.
 */
export function saturationWarning(sample: Tensor, modelName: string): string | undefined {
  checkTensor(sample, "saturationWarning");
  let outside = 0;
  let largest = 0;
  for (const value of sample.toFloat32().data) {
    const magnitude = Math.abs(value);
    if (magnitude > farOutside) outside++;
    if (magnitude > largest) largest = magnitude;
  }
  if (2 * outside <= sample.size) return undefined;
  const share = Math.round((100 * outside) / sample.size);
  return `${modelName}: expected pixels of about -1 to 1, found ${share} % of them beyond ±${farOutside}, up to ${largest.toPrecision(3)}; the picture is little but 0 and 255. Check the model's weights, and that the latents are scaled as it expects.`;
}
