/** What encode, decode and forward return, under diffusers' names. */
import type { Tensor } from "../tensor/tensor.ts";
import { checkTensor } from "../tensor/check-tensor.ts";
import { checkValue, optionKinds } from "../util/check-options.ts";
import { checkDistribution, type DiagonalGaussianDistribution } from "./diagonal-gaussian-distribution.ts";
import { checkLatentsOptions, Encoded, latentsWithoutPosterior, type LatentsOptions } from "./encoded.ts";
import { ValueObject } from "./value-object.ts";

/** The fields of an {@link AutoencoderKLOutput}. */
export interface AutoencoderKLOutputFields {
  /** The posterior of the batch. */
  readonly latentDist: DiagonalGaussianDistribution;
}

/** What `encode` returns of a class with a distribution over latents. */
export class AutoencoderKLOutput extends Encoded {
  /** The posterior of the batch: the distribution of latents [N, C, h, w], or [N, C] of rows. */
  declare readonly latentDist: DiagonalGaussianDistribution;

  constructor(fields: AutoencoderKLOutputFields) {
    checkValue("AutoencoderKLOutput", fields, optionKinds.object);
    checkDistribution(fields.latentDist, "AutoencoderKLOutput: latentDist");
    super({ ...fields });
  }

  override latents(options: LatentsOptions = {}): Tensor<"float32"> {
    checkLatentsOptions("AutoencoderKLOutput.latents", options);
    const { sample = false, ...random } = options;
    return sample ? this.latentDist.sample(random) : this.latentDist.mode();
  }
}

/** The fields of an {@link AutoencoderTinyOutput}. */
export interface AutoencoderTinyOutputFields {
  /** The latents of the batch, [N, C, h, w]. */
  readonly latentSample: Tensor;
}

/**
 * What `encode` of an AutoencoderTiny returns: latents, and no distribution over them. diffusers' field `latents` is
 * the method {@link latents} here, which every class's result has.
 */
export class AutoencoderTinyOutput extends Encoded {
  /** The latents of the batch, [N, C, h, w], as {@link latents} gives them. */
  declare readonly latentSample: Tensor;

  constructor(fields: AutoencoderTinyOutputFields) {
    checkValue("AutoencoderTinyOutput", fields, optionKinds.object);
    checkTensor(fields.latentSample, "AutoencoderTinyOutput: latentSample");
    super({ ...fields });
  }

  override latents(options?: LatentsOptions): Tensor<"float32"> {
    return latentsWithoutPosterior("AutoencoderTinyOutput", this.latentSample, options);
  }
}

/** The fields of a {@link DecoderOutput}. */
export interface DecoderOutputFields {
  /** The decoded pictures, [N, C, H, W], or rows, [N, D]. */
  readonly sample: Tensor;
  /** Default: null. */
  readonly commitLoss?: Tensor | null;
}

/** What `decode` returns. */
export class DecoderOutput extends ValueObject {
  /** The pictures, float32 [N, C, H, W], about [-1, 1] and not clamped; of rows [N, D], in the model's range. */
  declare readonly sample: Tensor;
  /** The commitment loss of a vector-quantised model; null for all others. */
  declare readonly commitLoss: Tensor | null;

  constructor(fields: DecoderOutputFields) {
    checkValue("DecoderOutput", fields, optionKinds.object);
    checkTensor(fields.sample, "DecoderOutput: sample");
    if (fields.commitLoss != null) checkTensor(fields.commitLoss, "DecoderOutput: commitLoss");
    super({ ...fields, commitLoss: fields.commitLoss ?? null });
  }
}

/** The fields of an {@link AutoencoderKLForwardOutput}. */
export interface AutoencoderKLForwardOutputFields {
  /** The reconstructions, [N, C, H, W]. */
  readonly sample: Tensor;
  /** The posterior of the batch. */
  readonly latentDist: DiagonalGaussianDistribution;
}

/** What `forward` returns: the reconstruction and the posterior that training needs for its KL term. */
export class AutoencoderKLForwardOutput extends ValueObject {
  /** The reconstructions, float32 [N, C, H, W]. */
  declare readonly sample: Tensor;
  /** The posterior that the reconstructions were decoded from: its mode, or a sample of it. */
  declare readonly latentDist: DiagonalGaussianDistribution;

  constructor(fields: AutoencoderKLForwardOutputFields) {
    checkValue("AutoencoderKLForwardOutput", fields, optionKinds.object);
    checkTensor(fields.sample, "AutoencoderKLForwardOutput: sample");
    checkDistribution(fields.latentDist, "AutoencoderKLForwardOutput: latentDist");
    super({ ...fields });
  }
}
