/** The likelihood of the validation pictures, and how many latents say something about them: a run's last words. */
import { bitsOfLevel, hasScale } from "../models/index.ts";
import type { Recipe } from "../recipe/index.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { measureScale, type WeightsKind } from "../train/index.ts";
import type { RunLoopParts } from "./run-loop-parts.ts";

/** A latent is in use when its mean varies more than this from picture to picture. */
const activeVariance = 0.01;

/**
 * `nll`: the mean of -log p(x) in nats, from `validation.likelihood_samples` samples of each picture's posterior.
 * `nll_bits_per_dimension`: the same in bits for each value, where the recipe has a `loss.likelihood`.
 * `active_units`: the latents whose mean has a variance above 0.01 over the pictures.
 *
 * @returns nothing where the recipe does not ask for it.
 * @see Burda, Grosse & Salakhutdinov 2016, sections 5.2 and 5.3
 */
export async function measureLikelihood(parts: RunLoopParts): Promise<Record<string, number>> {
  const { engine, options, data } = parts;
  const { recipe } = options;
  const sampleCount = recipe.validation.likelihoodSamples;
  if (sampleCount === null) return {};
  const weights: WeightsKind = recipe.ema === null ? "raw" : "ema";
  const means = new ColumnVariance();
  const scale = await measuredScale(parts, weights);
  let sum = 0;
  let index = 0;
  let values = 0;
  for await (const sample of data.validation()) {
    const losses = await engine.negativeLogLikelihood(sample, index++, { sampleCount, weights, scale });
    sum += losses.reduce((total, loss) => total + loss, 0);
    const { latents } = await engine.reconstruct(sample, weights);
    means.add(latents);
    values = sample.size / sample.shape[0]!;
  }
  const nll = sum / means.count;
  const active = means.result().filter((variance) => variance > activeVariance).length;
  return { nll, ...bitsOf(recipe, nll, values), active_units: active };
}

function bitsOf({ loss, data }: Recipe, nats: number, valueCount: number): Record<string, number> {
  if (loss.likelihood === null) return {};
  const bits = nats / (valueCount * Math.LN2) - bitsOfLevel(loss.likelihood, data.range);
  return { nll_bits_per_dimension: bits };
}

/**
 * The scale of the finished model's pixels, measured on training pictures; undefined where the recipe's scale is not that of each batch.
 */
export async function measuredScale(
  { engine, options: { recipe }, data }: RunLoopParts,
  kind: WeightsKind,
): Promise<number | undefined> {
  const { likelihood } = recipe.loss;
  if (likelihood === null || !hasScale(likelihood) || likelihood.scale !== "optimal") return undefined;
  const source = await data.openForReview();
  try {
    return await measureScale(engine, { source, recipe, kind });
  } finally {
    await source.dispose();
  }
}

/** The variance of each column over all rows. */
class ColumnVariance {
  count = 0;
  #sums = new Float64Array();
  #squares = new Float64Array();

  /** @param rows [N, L, ...] */
  add({ data, shape }: Tensor<"float32">): void {
    const rows = shape[0]!;
    const columns = data.length / rows;
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
