/**
 * How far a reconstruction is from its picture, and the Gaussian-style likelihood with a learned log-variance.
 *
 * Elementwise terms have the picture's shape; `reconstructionError` adds them up per example, [N].
 *
 * @see CompVis/latent-diffusion, ldm/modules/losses/contperceptual.py (L1, then nll = rec / exp(s) + s)
 */
import type { GraphBuilder, Value } from "../../graph/index.ts";
import {
  add,
  check,
  checkSameShape,
  divide,
  exp,
  multiply,
  softplus,
  square,
  subtract,
} from "./arithmetic.ts";
import { perExample, valuesPerExample } from "./reduction.ts";

/** A distance between a picture and its reconstruction, value by value. */
export type ReconstructionKind = "mse" | "l1" | "bce";

type Elementwise = (builder: GraphBuilder, reconstruction: Value, picture: Value) => Value;

/** (x̂ - x)². */
const squaredError: Elementwise = (builder, reconstruction, picture) =>
  square(builder, subtract(builder, reconstruction, picture));

/** |x̂ - x|. */
const absoluteError: Elementwise = (builder, reconstruction, picture) =>
  builder.apply("Abs", [subtract(builder, reconstruction, picture)], {});

/**
 * -log p(x | logit) = softplus(l) - x · l, the Bernoulli cross-entropy of targets x in [0, 1].
 * Exact and finite for every logit, which the form from probabilities is not: a saturated sigmoid has no gradient. @see torch.nn.functional.binary_cross_entropy_with_logits
 */
const crossEntropyOfLogits: Elementwise = (builder, logits, picture) =>
  subtract(builder, softplus(builder, logits), multiply(builder, picture, logits));

const elementwise: Readonly<Record<ReconstructionKind, Elementwise>> = {
  mse: squaredError,
  l1: absoluteError,
  bce: crossEntropyOfLogits,
};

/**
 * The distance of each example, summed over its values: [N, ...] and [N, ...] → [N].
 *
 * @param reconstruction the decoder's output; for "bce" its logits.
 * @param picture the target of the same shape; in [0, 1] for "bce".
 * @throws INVALID_ARGUMENT when the shapes differ.
 */
export function reconstructionError(
  builder: GraphBuilder,
  kind: ReconstructionKind,
  reconstruction: Value,
  picture: Value,
): Value {
  checkSameShape(kind, reconstruction, picture);
  return perExample(builder, elementwise[kind](builder, reconstruction, picture));
}

/** Σ weight · term over losses per example, each [N]; a weight of 0 leaves its term out of the graph. */
export function weightedSum(
  builder: GraphBuilder,
  terms: readonly { readonly weight: number; readonly value: Value }[],
): Value {
  const weighted = terms
    .filter(({ weight }) => weight !== 0)
    .map(({ weight, value }) => (weight === 1 ? value : multiply(builder, value, weight)));
  check(weighted.length > 0, "weightedSum: expected at least one term with a weight other than 0.");
  return weighted.reduce((sum, term) => add(builder, sum, term));
}

/**
 * LDM's reconstruction term: the distances plus `perceptualWeight` times LPIPS on **every** value of the picture,
 * so that LPIPS counts C · H · W times. Σ_chw (|x - x̂| + w P[n]) → [N].
 *
 * @param errors the sum of distances per example [N] (see {@link reconstructionError}).
 * @param perceptual LPIPS per example [N].
 * @param picture [N, C, H, W], for its size.
 */
export function withPerceptual(
  builder: GraphBuilder,
  errors: Value,
  perceptual: Value,
  options: { readonly perceptualWeight: number; readonly picture: Value },
): Value {
  checkSameShape("withPerceptual", errors, perceptual);
  const weight = options.perceptualWeight * valuesPerExample(options.picture);
  return add(builder, errors, multiply(builder, perceptual, weight));
}

/**
 * The negative log-likelihood with one log-variance s for all values: Σ_chw (rec / exp(s) + s), that is
 * rec[n] / exp(s) + C · H · W · s → [N]. The constants of a normal distribution are left out, as in LDM.
 *
 * LDM declares s but never gives it to an optimizer, so that it stays 0; Stability's generative-models trains it.
 *
 * @param logvar s, a scalar [].
 * @param valueCount C · H · W.
 */
export function negativeLogLikelihood(
  builder: GraphBuilder,
  errors: Value,
  logvar: Value,
  valueCount: number,
): Value {
  const scaled = divide(builder, errors, exp(builder, logvar));
  return add(builder, scaled, multiply(builder, logvar, valueCount));
}
