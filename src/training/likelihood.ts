/** The likelihood of the validation pictures, and how many latents say something about them: a run's last words. */
import type { Tensor } from "../tensor/tensor.ts";
import type { WeightsKind } from "../train/index.ts";
import type { RunLoopParts } from "./run-loop-parts.ts";

/** A latent is in use when its mean varies more than this from picture to picture. */
const activeVariance = 0.01;

/**
 * `nll`: the mean of -log p(x) in nats, from `validation.likelihood_samples` samples of each picture's posterior.
 * `active_units`: the latents whose mean has a variance above 0.01 over the pictures.
 *
 * @returns nothing where the recipe does not ask for it.
 * @see Burda, Grosse & Salakhutdinov 2016, sections 5.2 and 5.3
 */
export async function measureLikelihood({
  engine,
  options: { recipe },
  data,
}: RunLoopParts): Promise<Record<string, number>> {
  const sampleCount = recipe.validation.likelihoodSamples;
  if (sampleCount === null) return {};
  const weights: WeightsKind = recipe.ema === null ? "raw" : "ema";
  const means = new ColumnVariance();
  let sum = 0;
  let index = 0;
  for await (const sample of data.validation()) {
    const losses = await engine.negativeLogLikelihood(sample, index++, { sampleCount, weights });
    sum += losses.reduce((total, loss) => total + loss, 0);
    const { latents } = await engine.reconstruct(sample, weights);
    means.add(latents);
  }
  const active = means.result().filter((variance) => variance > activeVariance).length;
  return { nll: sum / means.count, active_units: active };
}

/** The variance of each column over all rows. */
class ColumnVariance {
  count = 0;
  #sums = new Float64Array();
  #squares = new Float64Array();

  /** @param rows [N, L] */
  add({ data, shape }: Tensor<"float32">): void {
    const [rows, columns] = shape as [number, number];
    if (this.count === 0) {
      this.#sums = new Float64Array(columns);
      this.#squares = new Float64Array(columns);
    }
    this.count += rows;
    data.forEach((value, i) => {
      this.#sums[i % columns]! += value;
      this.#squares[i % columns]! += value * value;
    });
  }

  result(): Float64Array {
    return this.#squares.map((square, i) => square / this.count - (this.#sums[i]! / this.count) ** 2);
  }
}
