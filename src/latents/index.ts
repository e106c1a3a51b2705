/** Latents: the posterior, the results that carry them, their scaling, packing and statistics. */
export {
  calibrate,
  LatentCalibrator,
  type Calibration,
  type CalibrationResult,
  type LatentCalibratorJson,
} from "./calibration.ts";
export { Encoded, latentsWithoutPosterior, type LatentsOptions } from "./encoded.ts";
export type { Estimate } from "./confidence.ts";
export {
  DiagonalGaussianDistribution,
  type DistributionOptions,
  type SampleOptions,
} from "./diagonal-gaussian-distribution.ts";
export {
  combineLatents,
  interpolateLatents,
  interpolationPath,
  interpolations,
  type Interpolation,
} from "./interpolation.ts";
export { Histogram, type HistogramJson } from "./histogram.ts";
export {
  AutoencoderKLForwardOutput,
  AutoencoderKLOutput,
  AutoencoderTinyOutput,
  DecoderOutput,
  type AutoencoderKLForwardOutputFields,
  type AutoencoderKLOutputFields,
  type AutoencoderTinyOutputFields,
  type DecoderOutputFields,
} from "./outputs.ts";
export {
  PixelDistribution,
  type PixelDistributionFields,
  type PixelDistributionKind,
  type PixelSampleOptions,
} from "./pixel-distribution.ts";
export type { CategoricalPixels, PixelLikelihood, PixelRange, ScaledPixels } from "./pixel-likelihood.ts";
export { packLatents, unpackLatents, type UnpackOptions } from "./pack.ts";
export { denormalizeLatents, normalizeLatents } from "./normalize.ts";
export {
  describeScaling,
  latentScaling,
  type FactorScaling,
  type LatentScaling,
  type MeanStdScaling,
  type NoScaling,
  type PatchMeanStdScaling,
  type ScalingConfig,
} from "./scaling.ts";
export { EncoderOutput, type EncoderOutputFields } from "./encoder-output.ts";
export { LatentStatistics, type LatentStatisticsJson } from "./statistics.ts";
export type { Quantized } from "./vector-quantizer.ts";
export { VQEncoderOutput, type VQEncoderOutputFields } from "./vq-encoder-output.ts";
export { ValueObject, type FieldsOf } from "./value-object.ts";
