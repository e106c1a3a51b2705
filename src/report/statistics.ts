/** Statistics of one picture's latents, for tables and the report. */
import type { Tensor } from "../tensor/tensor.ts";

/** Over all elements. */
export interface Summary {
  /** The mean. */
  readonly mean: number;
  /** Of the population. */
  readonly std: number;
  /** The least value. */
  readonly min: number;
  /** The greatest value. */
  readonly max: number;
}

/** Mean, standard deviation and range of a tensor's elements, accumulated in double precision. */
export function summarize(tensor: Tensor): Summary {
  const values = tensor.toFloat32().data;
  let sum = 0;
  let min = Infinity;
  let max = -Infinity;
  for (const value of values) {
    sum += value;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  const mean = sum / values.length;
  let squares = 0;
  for (const value of values) squares += (value - mean) ** 2;
  return { mean, std: Math.sqrt(squares / values.length), min, max };
}

/** Equally wide bins from the least value to the greatest. */
export function histogramOf(
  values: Float32Array,
  binCount = 480,
): { low: number; high: number; counts: number[] } {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  // A constant channel, or an empty one, still needs a range to be drawn on.
  if (!(high > low)) [low, high] = Number.isFinite(low) ? [low - 0.5, low + 0.5] : [-0.5, 0.5];
  const counts = new Array<number>(binCount).fill(0);
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    const bin = Math.min(binCount - 1, Math.floor(((value - low) / (high - low)) * binCount));
    counts[bin] = counts[bin]! + 1;
  }
  return { low, high, counts };
}

/** The values of each channel of `[1, C, h, w]`, as views. */
export function channelsOf(latents: Tensor<"float32">): Float32Array[] {
  const [, channels = 0, height = 0, width = 0] = latents.shape;
  const size = height * width;
  return Array.from({ length: channels }, (_, i) => latents.data.subarray(i * size, (i + 1) * size));
}
