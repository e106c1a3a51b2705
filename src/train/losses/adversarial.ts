/**
 * The losses between an autoencoder and a discriminator that judges patches.
 *
 * The discriminator's step must see pictures as plain inputs of its graph (reconstructions that were computed
 * before), so that no gradient of it can reach the autoencoder.
 *
 * @see CompVis/taming-transformers, taming/modules/losses/vqperceptual.py
 * @see CompVis/latent-diffusion, ldm/modules/losses/contperceptual.py
 */
import type { GraphBuilder, Value } from "../../graph/index.ts";
import { add, divide, meanOfAll, multiply, negate, relu, softplus, square, sumOfAll } from "./arithmetic.ts";

/** How the discriminator is penalised; the generator's loss is the same for both. */
export type AdversarialKind = "hinge" | "vanilla";

/** LDM's guard against a vanishing adversarial gradient, and its limit. */
const gradientNormFloor = 1e-4;
const maxAdaptiveWeight = 1e4;

/** L_g = -mean D(x̂): the mean over the batch and all patches. Logits of reconstructions, any shape → []. */
export function generatorLoss(builder: GraphBuilder, fakeLogits: Value): Value {
  return negate(builder, meanOfAll(builder, fakeLogits));
}

/**
 * What the discriminator minimises, a scalar []:
 * hinge ½ (mean max(0, 1 - D(x)) + mean max(0, 1 + D(x̂))), vanilla ½ (mean softplus(-D(x)) + mean softplus(D(x̂))).
 * Multiply by the discriminator's factor, which is 0 before its start.
 */
export function discriminatorLoss(
  builder: GraphBuilder,
  kind: AdversarialKind,
  realLogits: Value,
  fakeLogits: Value,
): Value {
  const penalty = (logits: Value): Value =>
    kind === "hinge" ? relu(builder, add(builder, logits, 1)) : softplus(builder, logits);
  const real = penalty(negate(builder, realLogits));
  const sum = add(builder, meanOfAll(builder, real), meanOfAll(builder, penalty(fakeLogits)));
  return multiply(builder, sum, 0.5);
}

/** The Euclidean norm of all elements → []. */
function norm(builder: GraphBuilder, x: Value): Value {
  return builder.apply("Sqrt", [sumOfAll(builder, square(builder, x))], {});
}

/**
 * λ = clamp(‖∂L_nll/∂W‖ / (‖∂L_g/∂W‖ + 1e-4), 0, 1e4) · weight, with W the weight of the decoder's conv_out → [].
 * It balances the two losses by what they ask of the decoder's last layer. λ counts as a constant: build the
 * gradient of the whole objective from the seed λ · factor at L_g, not through λ.
 *
 * @param reconstructionGradient ∂L_nll/∂W; L_nll without KL and without any per-pixel weights.
 * @param adversarialGradient ∂L_g/∂W.
 * @param weight LDM's disc_weight (0.5 in its published configs).
 */
export function adaptiveWeight(
  builder: GraphBuilder,
  reconstructionGradient: Value,
  adversarialGradient: Value,
  weight: number,
): Value {
  const floored = add(builder, norm(builder, adversarialGradient), gradientNormFloor);
  const ratio = divide(builder, norm(builder, reconstructionGradient), floored);
  const limited = builder.apply("Clip", [ratio], { min: 0, max: maxAdaptiveWeight });
  return multiply(builder, limited, weight);
}
