/** Scaling and shift factor of a trained model's latents, measured on its training pictures. */
import { LatentCalibrator } from "../latents/index.ts";
import type { Trainer } from "../train/index.ts";
import type { LatentFactors } from "./trained-model.ts";
import type { TrainingData } from "./training-data.ts";

/** Pictures whose latents decide. */
const calibrationPictures = 256;

export interface MeasureFactorsOptions {
  /** Of the latents. */
  readonly channels: number;
  readonly data: TrainingData;
  readonly batchSize: number;
  /** Which weights encode. */
  readonly kind: "raw" | "ema";
}

export async function measureFactors(
  trainer: Trainer,
  { channels, data, batchSize, kind }: MeasureFactorsOptions,
): Promise<LatentFactors> {
  const calibrator = new LatentCalibrator(channels);
  const source = await data.openForReview();
  try {
    const count = Math.min(Math.ceil(calibrationPictures / batchSize), source.batchesPerEpoch);
    for (let index = 0; index < count; index++) {
      const { latents } = await trainer.reconstruct(await source.batch(index), kind);
      calibrator.add(latents);
    }
  } finally {
    await source.dispose();
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
