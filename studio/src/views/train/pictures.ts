/** What is shown of a model in training: a plane of its latents, decoded, and where digits lie in it. */
import { Tensor } from "vaekit";
import type { Trainer } from "vaekit/train";
import { pixelCount, side, type Digits } from "./digits.ts";
import type { Pictures, Seen } from "./messages.ts";

/** Digits in a row and in a column of the grid. */
export const gridRows = 20;
/** The plane reaches as far to each side, in deviations of the prior: nearly all of it lies within. */
export const planeReach = 3;

export async function picturesOf(trainer: Trainer, test: Digits, latentSize: number): Promise<Pictures> {
  const count = test.labels.length;
  const { latents } = await trainer.reconstruct(Tensor.from(test.pixels, [count, pixelCount]));
  const axes = widestAxes(latents.data, latentSize);
  const places = new Float32Array(2 * count);
  for (let i = 0; i < places.length; i++) places[i] = latents.data[(i >> 1) * latentSize + axes[i % 2]!]!;
  const grid = await gridOf(trainer, latentSize, axes);
  return { step: trainer.step, grid, places, labels: test.labels, axes };
}

export async function seenBy(
  trainer: Trainer,
  pixels: Float32Array,
  [first, second]: readonly [number, number],
): Promise<Seen> {
  const { latents, reconstruction } = await trainer.reconstruct(Tensor.from(pixels, [1, pixelCount]));
  return { reconstruction: reconstruction.data, place: [latents.data[first]!, latents.data[second]!] };
}

/** The two latents in which digits differ most; of more than two, many may be out of use. */
function widestAxes(latents: Float32Array, size: number): readonly [number, number] {
  const spread = Array.from({ length: size }, (_, axis) => {
    const values = latents.filter((_, i) => i % size === axis);
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    return values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  });
  const order = spread.map((_, axis) => axis).sort((a, b) => spread[b]! - spread[a]!);
  const [first = 0, second = 1] = size === 2 ? [0, 1] : order;
  return [first, second];
}

/** Latents at equal distances in the plane, 0 in every other direction, decoded into one picture. */
async function gridOf(
  trainer: Trainer,
  size: number,
  [first, second]: readonly [number, number],
): Promise<Float32Array> {
  const z = new Float32Array(gridRows * gridRows * size);
  const place = (i: number): number => planeReach * ((2 * i + 1) / gridRows - 1);
  for (let i = 0; i < gridRows * gridRows; i++) {
    z[i * size + first] = place(i % gridRows);
    // Up is positive, as in the plane.
    z[i * size + second] = -place(Math.floor(i / gridRows));
  }
  const { data } = await trainer.decode(Tensor.from(z, [gridRows * gridRows, size]));
  const width = gridRows * side;
  const grid = new Float32Array(width * width);
  for (let i = 0; i < gridRows * gridRows; i++) {
    const corner = Math.floor(i / gridRows) * side * width + (i % gridRows) * side;
    for (let row = 0; row < side; row++) {
      const from = i * pixelCount + row * side;
      grid.set(data.subarray(from, from + side), corner + row * width);
    }
  }
  return grid;
}
