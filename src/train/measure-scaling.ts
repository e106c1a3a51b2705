/** Scaling and shift factor of a trained model's latents, measured on its training pictures. */
import type { BatchSource } from "../data/index.ts";
import { LatentCalibrator } from "../latents/index.ts";
import type { LatentFactors } from "./trainable-model.ts";
import type { TrainingEngine } from "./training-engine.ts";
import type { WeightsKind } from "./training-plan.ts";

/** Pictures whose latents decide. */
const calibrationPictures = 256;

export interface MeasureScalingOptions {
  /** Of the latents. */
  readonly channels: number;
  readonly source: Pick<BatchSource, "batch" | "batchesPerEpoch">;
  readonly batchSize: number;
  /** Which weights encode. */
  readonly kind: WeightsKind;
}

/** Encodes the source's first pictures, at most an epoch. */
export async function measureScaling(
  engine: TrainingEngine,
  { channels, source, batchSize, kind }: MeasureScalingOptions,
): Promise<LatentFactors> {
  const calibrator = new LatentCalibrator(channels);
  const count = Math.min(Math.ceil(calibrationPictures / batchSize), source.batchesPerEpoch);
  for (let index = 0; index < count; index++) {
    const { latents } = await engine.reconstruct(await source.batch(index), kind);
    calibrator.add(latents);
  }
  const { scalingFactor, shiftFactor } = calibrator.result();
  return {
    scalingFactor: rounded(scalingFactor.value),
    shiftFactor: rounded(shiftFactor.value),
    latentsMean: null,
    latentsStd: null,
  };
}

/** The digits that published configs have. */
const rounded = (value: number): number => Number(value.toPrecision(5));
