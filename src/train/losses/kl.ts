/**
 * The divergence of the posterior from the prior N(0, I), in nats, always summed over an example's latents.
 *
 * KL = ½ Σ (mean² + exp(logvar) - 1 - logvar)
 *
 * @see Kingma & Welling 2014, Auto-Encoding Variational Bayes, appendix B
 */
import type { GraphBuilder, Value } from "../../graph/index.ts";
import { add, axesFrom, check, exp, meanOver, multiply, square, subtract, sumOver } from "./arithmetic.ts";
import type { Posterior } from "./posterior.ts";
import { perExample } from "./reduction.ts";

/** KL of each latent value: the posterior's shape. */
function divergence(builder: GraphBuilder, { mean, logvar }: Posterior): Value {
  const energy = add(builder, square(builder, mean), exp(builder, logvar));
  return multiply(builder, subtract(builder, subtract(builder, energy, logvar), 1), 0.5);
}

/** The KL of each example, summed over its latents: [N, L, ...] → [N]. LDM's KL_b. */
export function klPerExample(builder: GraphBuilder, posterior: Posterior): Value {
  return perExample(builder, divergence(builder, posterior));
}

/**
 * The KL of each latent channel (of each latent, without pixels): summed over the pixels, mean over the batch.
 * [N, L, ...] → [L]. Their sum is the mean over the batch of {@link klPerExample}.
 */
export function klPerChannel(builder: GraphBuilder, posterior: Posterior): Value {
  const values = divergence(builder, posterior);
  return meanOver(builder, sumOver(builder, values, axesFrom(values, 2)), [0]);
}

/**
 * KL with free bits: Σ_channels max(λ, KL of the channel, mean over the batch) → a scalar []. A channel below λ
 * costs λ and has no gradient, so that the optimizer does not switch it off.
 *
 * It is a mean over the batch already ("ldm"); divide by C · H · W for "mean".
 *
 * @param freeNats λ, for each channel, in nats (bits times ln 2), at least 0.
 * @see Kingma et al. 2016, Improved Variational Inference with Inverse Autoregressive Flow, equation 15
 */
export function klWithFreeBits(builder: GraphBuilder, posterior: Posterior, freeNats: number): Value {
  check(
    Number.isFinite(freeNats) && freeNats >= 0,
    `klWithFreeBits: expected finite nats >= 0, found ${freeNats}.`,
  );
  const channels = klPerChannel(builder, posterior);
  return sumOver(builder, builder.apply("Clip", [channels], { min: freeNats }), [0]);
}
