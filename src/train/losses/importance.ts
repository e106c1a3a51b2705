/**
 * Bounds of log p(x) from k samples of the posterior.
 *
 * log w = log p(x|z) + log p(z) - log q(z|x);  VAE(k): mean of log w;  IWAE(k): log of the mean of w.
 *
 * Shapes: N examples, k samples of each, D pixels, L latents (or pictures [N, C, H, W] and latents [N, L, h, w]). The samples of one example are neighbours:
 * [N · k, ...] holds example 0's k samples first.
 *
 * @see Burda, Grosse & Salakhutdinov 2016, Importance Weighted Autoencoders
 */
import type { GraphBuilder, Value } from "../../graph/index.ts";
import { add, check, checkSameShape, meanOver, multiply, negate, square, subtract } from "./arithmetic.ts";
import type { Decoded } from "../../models/index.ts";
import { pixelLikelihood, type PictureLikelihood } from "./likelihood.ts";
import { samplePosterior, type Posterior } from "./posterior.ts";
import { reconstructionError } from "./reconstruction.ts";
import { perExample } from "./reduction.ts";

const logTwoPi = Math.log(2 * Math.PI);

/** Puts x [N, ...] k times behind each example: [N, ...] → [N · k, ...]. */
export function repeatExamples(builder: GraphBuilder, x: Value, sampleCount: number): Value {
  const [batch, ...rest] = x.shape as [number, ...number[]];
  if (sampleCount === 1) return x;
  const column = builder.apply("Reshape", [x], { shape: [batch, 1, ...rest] });
  const expanded = builder.apply("Expand", [column], { shape: [batch, sampleCount, ...rest] });
  return builder.apply("Reshape", [expanded], { shape: [batch * sampleCount, ...rest] });
}

/** log p(x|z) of pixels x in [0, 1] under Bernoulli logits, both [M, D] → [M]. */
export function logBernoulli(builder: GraphBuilder, logits: Value, x: Value): Value {
  return multiply(builder, reconstructionError(builder, "bce", logits, x), -1);
}

/**
 * log p(x|z) of pictures x [M, ...], of Bernoulli pixels where there is no other likelihood, and the mean of its scale where it has one.
 *
 * @param decoded logits, or a mean and its scale, or the logits of the levels.
 */
export function logLikelihood(
  builder: GraphBuilder,
  likelihood: PictureLikelihood | undefined,
  decoded: Decoded,
  x: Value,
): { readonly value: Value; readonly scale?: Value } {
  if (likelihood === undefined) return { value: logBernoulli(builder, decoded.mean, x) };
  const { nll, ...measured } = pixelLikelihood(builder, likelihood, decoded, x);
  return { value: negate(builder, nll), ...measured };
}

/** log N(z; 0, I), [M, L, ...] → [M]. */
export function logStandardNormal(builder: GraphBuilder, z: Value): Value {
  return multiply(builder, perExample(builder, add(builder, square(builder, z), logTwoPi)), -0.5);
}

/**
 * log q(z|x) at z = mean + exp(logvar / 2) · noise, [M, L, ...] → [M]. There (z - mean)² / exp(logvar) is noise²,
 * exactly and whatever the parameters are, so that part has no gradient and no rounding error.
 */
export function logPosteriorAtSample(builder: GraphBuilder, logvar: Value, noise: Value): Value {
  checkSameShape("logPosteriorAtSample", logvar, noise);
  const terms = add(builder, add(builder, square(builder, noise), logvar), logTwoPi);
  return multiply(builder, perExample(builder, terms), -0.5);
}

/** What the importance weights of a model are computed from. */
export interface ImportanceInputs {
  /** The pictures [N, D]. */
  readonly x: Value;
  /** Mean and log-variance [N, L]. */
  readonly posterior: Posterior;
  /** Standard normal numbers [N · k, L], an input of the graph. */
  readonly noise: Value;
  /** log p(x|z) of pictures [N · k, D] and latents [N · k, L] → [N · k]. */
  readonly logLikelihood: (z: Value, x: Value) => Value;
}

/** What {@link logImportanceWeights} finds on its way. */
export interface ImportanceWeights {
  /** log w, [N, k]. */
  readonly logWeights: Value;
  /** log p(x|z), [N, k]. */
  readonly logLikelihood: Value;
  /** The number of samples k. */
  readonly sampleCount: number;
}

/**
 * log w of k samples for each example, [N, k].
 *
 * @throws INVALID_ARGUMENT when the noise is not a whole number of samples for each example.
 */
export function logImportanceWeights(builder: GraphBuilder, inputs: ImportanceInputs): ImportanceWeights {
  const { x, posterior, noise, logLikelihood } = inputs;
  const batch = x.shape[0]!;
  const sampleCount = noise.shape[0]! / batch;
  check(
    Number.isInteger(sampleCount) && sampleCount > 0,
    `logImportanceWeights: expected noise for a whole number of samples of ${batch} examples, found ${noise.shape[0]}.`,
  );
  const repeated: Posterior = {
    mean: repeatExamples(builder, posterior.mean, sampleCount),
    logvar: repeatExamples(builder, posterior.logvar, sampleCount),
  };
  const z = samplePosterior(builder, repeated, noise);
  const likelihood = logLikelihood(z, repeatExamples(builder, x, sampleCount));
  const prior = logStandardNormal(builder, z);
  const posteriorDensity = logPosteriorAtSample(builder, repeated.logvar, noise);
  const weights = subtract(builder, add(builder, likelihood, prior), posteriorDensity);
  const bySample = (value: Value): Value =>
    builder.apply("Reshape", [value], { shape: [batch, sampleCount] });
  return { logWeights: bySample(weights), logLikelihood: bySample(likelihood), sampleCount };
}

/** VAE(k): the mean of log w over the samples, a bound of log p(x). [N, k] → [N]. */
export function vaeBound(builder: GraphBuilder, logWeights: Value): Value {
  return meanOver(builder, logWeights, [1]);
}

/**
 * IWAE(k): log((1/k) Σ w), a tighter bound of log p(x). [N, k] → [N]. Its gradient weighs each sample's
 * gradient by w / Σ w, which is what the gradient of log-sum-exp does.
 */
export function iwaeBound(builder: GraphBuilder, logWeights: Value): Value {
  return subtract(builder, logSumOfWeights(builder, logWeights), Math.log(logWeights.shape[1]!));
}

/**
 * log Σ w over the samples, [N, k] → [N]: one part of an estimate with more samples than memory holds at once.
 * {@link combineLogSums} joins the parts.
 */
export function logSumOfWeights(builder: GraphBuilder, logWeights: Value): Value {
  return builder.apply("ReduceLogSumExp", [logWeights], { axes: [1], keepdims: false });
}

/**
 * The importance-sampled negative log-likelihood, -log((1/K) Σ w), of each example, in nats.
 *
 * @param parts log Σ w of each part, N numbers each.
 * @param sampleCount K, the samples of all parts together.
 */
export function combineLogSums(parts: readonly ArrayLike<number>[], sampleCount: number): Float64Array {
  const batch = parts[0]?.length ?? 0;
  check(
    batch > 0 && parts.every((part) => part.length === batch),
    "combineLogSums: expected parts of equal length.",
  );
  return Float64Array.from({ length: batch }, (_, example) => {
    const largest = Math.max(...parts.map((part) => part[example]!));
    const sum = parts.reduce((total, part) => total + Math.exp(part[example]! - largest), 0);
    return Math.log(sampleCount) - largest - Math.log(sum);
  });
}
