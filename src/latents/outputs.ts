/** What encode, decode and forward return, under diffusers' names. */
import type { Tensor } from "../tensor/tensor.ts";
import type { DiagonalGaussianDistribution } from "./diagonal-gaussian-distribution.ts";
import { ValueObject } from "./value-object.ts";

export interface AutoencoderKLOutputFields {
  readonly latentDist: DiagonalGaussianDistribution;
}

/** What `encode` returns. */
export class AutoencoderKLOutput extends ValueObject {
  /** The posterior of the batch: the distribution of latents [N, C, h, w]. */
  declare readonly latentDist: DiagonalGaussianDistribution;

  constructor(fields: AutoencoderKLOutputFields) {
    super({ ...fields });
  }
}

export interface DecoderOutputFields {
  readonly sample: Tensor;
  /** Default: null. */
  readonly commitLoss?: Tensor | null;
}

/** What `decode` returns. */
export class DecoderOutput extends ValueObject {
  /** The pictures, float32 [N, C, H, W], about [-1, 1] and not clamped. */
  declare readonly sample: Tensor;
  /** The commitment loss of a vector-quantised model; null for AutoencoderKL. */
  declare readonly commitLoss: Tensor | null;

  constructor(fields: DecoderOutputFields) {
    super({ ...fields, commitLoss: fields.commitLoss ?? null });
  }
}

export interface AutoencoderKLForwardOutputFields {
  readonly sample: Tensor;
  readonly latentDist: DiagonalGaussianDistribution;
}

/** What `forward` returns: the reconstruction and the posterior that training needs for its KL term. */
export class AutoencoderKLForwardOutput extends ValueObject {
  /** The reconstructions, float32 [N, C, H, W]. */
  declare readonly sample: Tensor;
  declare readonly latentDist: DiagonalGaussianDistribution;

  constructor(fields: AutoencoderKLForwardOutputFields) {
    super({ ...fields });
  }
}
