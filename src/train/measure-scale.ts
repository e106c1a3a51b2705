/** The most likely scale of pixels around their means, measured on the training pictures: what "optimal" leaves to the finished model. */
import type { BatchSource } from "../data/index.ts";
import { hasScale } from "../models/index.ts";
import type { Recipe } from "../recipe/index.ts";
import type { TrainingEngine } from "./training-engine.ts";
import type { WeightsKind } from "./training-plan.ts";

/** Pictures whose errors decide. */
const measuredPictures = 4096;

export interface MeasureScaleOptions {
  readonly source: Pick<BatchSource, "batch" | "batchesPerEpoch">;
  readonly recipe: Recipe;
  /** Which weights encode and decode. */
  readonly kind: WeightsKind;
}

/**
 * The root of the mean squared error over the source's first pictures, at most an epoch, with a sample of each posterior; not below the
 * recipe's bound.
 *
 * @returns undefined where the recipe's scale is not that of each batch.
 */
export async function measureScale(
  engine: TrainingEngine,
  { source, recipe, kind }: MeasureScaleOptions,
): Promise<number | undefined> {
  const { likelihood } = recipe.loss;
  if (likelihood === null || !hasScale(likelihood) || likelihood.scale !== "optimal") return undefined;
  const count = Math.min(Math.ceil(measuredPictures / recipe.batchSize), source.batchesPerEpoch);
  let [sum, values] = [0, 0];
  for (let index = 0; index < count; index++) {
    const sample = await source.batch(index);
    const { data } = await engine.squaredErrors(sample, index, kind);
    sum += data.reduce((total, error) => total + error, 0);
    values += sample.size;
  }
  return Number(Math.max(Math.sqrt(sum / values), likelihood.minScale ?? 0).toPrecision(5));
}
