/** What `encode` returns, of whatever class: code that only wants latents needs no knowledge of it. */
import { VaekitError } from "../errors.ts";
import { checkTensor } from "../tensor/check-tensor.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { checkOptions, optionKinds, type OptionKinds } from "../util/check-options.ts";
import type { SampleOptions } from "./diagonal-gaussian-distribution.ts";
import { ValueObject } from "./value-object.ts";

/** Which latents, and where the noise of a sample comes from. */
export interface LatentsOptions extends SampleOptions {
  /** A sample of the posterior instead of its mode. @default false */
  readonly sample?: boolean;
}

const latentsKinds: OptionKinds<LatentsOptions> = {
  sample: optionKinds.boolean,
  // With the posterior's own checks.
  generator: optionKinds.checkedElsewhere,
  noise: optionKinds.checkedElsewhere,
};

/** The base of every class's result of `encode`. */
export abstract class Encoded extends ValueObject {
  /**
   * The latents of the batch, float32 [N, L, h, w], neither scaled nor shifted: the most probable ones, or a sample.
   *
   * @throws INVALID_ARGUMENT for a sample where there is no distribution to draw from, for randomness that nothing
   *   would draw from, and as {@link DiagonalGaussianDistribution.sample}.
   */
  abstract latents(options?: LatentsOptions): Tensor<"float32">;
}

/** @throws INVALID_ARGUMENT for an unknown option, or for randomness without `sample: true`. */
export function checkLatentsOptions(subject: string, options: LatentsOptions): void {
  checkOptions(subject, options, latentsKinds);
  const { sample, generator, noise } = options;
  if (sample === true || (generator === undefined && noise === undefined)) return;
  const name = generator === undefined ? "noise" : "generator";
  const message = `${subject}: ${name} is for sample: true; the most probable latents need none. Leave one of them out.`;
  throw new VaekitError("INVALID_ARGUMENT", message);
}

/**
 * The answer of a class that encodes to latents, without a distribution over them.
 *
 * @param subject the class's result, for messages.
 * @throws INVALID_ARGUMENT when a sample is asked for.
 */
export function latentsWithoutPosterior(
  subject: string,
  latents: Tensor,
  options: LatentsOptions = {},
): Tensor<"float32"> {
  checkTensor(latents, `${subject}.latents`);
  checkLatentsOptions(`${subject}.latents`, options);
  if (options.sample !== true) return latents.toFloat32();
  const message = `${subject}.latents: expected no sample, found sample: true: this model has no distribution over latents, each picture has one. Leave it out.`;
  throw new VaekitError("INVALID_ARGUMENT", message);
}
