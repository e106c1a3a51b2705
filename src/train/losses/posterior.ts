/**
 * The posterior q(z|x) inside a training graph: moments split, clipped and sampled with noise from outside.
 *
 * @see diffusers, models/autoencoders/vae.py, DiagonalGaussianDistribution
 */
import type { GraphBuilder, Value } from "../../graph/index.ts";
import { add, check, checkSameShape, exp, multiply } from "./arithmetic.ts";

/** The bounds that diffusers and LDM put on log-variances; outside of them the gradient is 0. */
const minLogvar = -30;
const maxLogvar = 20;

/** Independent normal distributions; both values have the latents' shape [N, L, ...]. */
export interface Posterior {
  readonly mean: Value;
  readonly logvar: Value;
}

/**
 * Splits an encoder's moments [N, 2L, ...] into the mean and the log-variance, clipped to [-30, 20]: [N, L, ...].
 *
 * @throws INVALID_ARGUMENT when the number of channels is odd.
 */
export function splitMoments(builder: GraphBuilder, moments: Value): Posterior {
  const channels = moments.shape[1] ?? 0;
  check(
    channels > 0 && channels % 2 === 0,
    `splitMoments: expected an even number of channels, found ${channels}.`,
  );
  const half = channels / 2;
  const part = (start: number): Value =>
    builder.apply("Slice", [moments], { axes: [1], starts: [start], ends: [start + half] });
  return { mean: part(0), logvar: clipLogvar(builder, part(half)) };
}

/** Limits log-variances to [-30, 20]. */
export function clipLogvar(builder: GraphBuilder, logvar: Value): Value {
  return builder.apply("Clip", [logvar], { min: minLogvar, max: maxLogvar });
}

/** The standard deviation exp(logvar / 2). */
export function standardDeviation(builder: GraphBuilder, logvar: Value): Value {
  return exp(builder, multiply(builder, logvar, 0.5));
}

/**
 * z = mean + exp(logvar / 2) · noise: a sample through which gradients reach mean and logvar.
 *
 * @param noise standard normal numbers of the mean's shape, an input of the graph.
 */
export function samplePosterior(builder: GraphBuilder, posterior: Posterior, noise: Value): Value {
  checkSameShape("samplePosterior", posterior.mean, noise);
  return add(builder, posterior.mean, multiply(builder, standardDeviation(builder, posterior.logvar), noise));
}
