/** Losses as pieces of graph: reconstruction, divergence, bounds, perceptual and adversarial terms. */
export { adaptiveWeight, discriminatorLoss, generatorLoss, type AdversarialKind } from "./adversarial.ts";
export {
  combineLogSums,
  iwaeBound,
  logBernoulli,
  logImportanceWeights,
  logLikelihood,
  logPosteriorAtSample,
  logStandardNormal,
  logSumOfWeights,
  repeatExamples,
  vaeBound,
  type ImportanceInputs,
  type ImportanceWeights,
} from "./importance.ts";
export { klPerChannel, klPerExample, klWithFreeBits } from "./kl.ts";
export {
  bitsPerDimension,
  pixelLikelihood,
  type MeasuredLikelihood,
  type PictureLikelihood,
} from "./likelihood.ts";
export { findLpipsWeights, lpips, type LpipsWeights } from "./lpips.ts";
export { clipLogvar, samplePosterior, splitMoments, standardDeviation, type Posterior } from "./posterior.ts";
export {
  negativeLogLikelihood,
  reconstructionError,
  weightedSum,
  withPerceptual,
  type ReconstructionKind,
} from "./reconstruction.ts";
export { perExample, reduceExamples, valuesPerExample, type Reduction } from "./reduction.ts";
