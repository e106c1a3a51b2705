/** What `encode` of a VQModel returns, under diffusers' name. */
import type { Tensor } from "../tensor/tensor.ts";
import { checkTensor } from "../tensor/check-tensor.ts";
import { checkValue, optionKinds } from "../util/check-options.ts";
import { Encoded, latentsWithoutPosterior, type LatentsOptions } from "./encoded.ts";

/** The fields of a {@link VQEncoderOutput}. */
export interface VQEncoderOutputFields {
  /** The latents of the batch, [N, E, h, w], not quantised. */
  readonly latentSample: Tensor;
}

/** What `encode` returns of a class with a codebook. diffusers' field `latents` is the method of that name. */
export class VQEncoderOutput extends Encoded {
  /** The latents of the batch, [N, E, h, w], not quantised, as {@link latents} gives them. */
  declare readonly latentSample: Tensor;

  constructor(fields: VQEncoderOutputFields) {
    checkValue("VQEncoderOutput", fields, optionKinds.object);
    checkTensor(fields.latentSample, "VQEncoderOutput: latentSample");
    super({ ...fields });
  }

  /** The latents of the batch, float32 [N, E, h, w], not quantised: `decode` does that. */
  override latents(options?: LatentsOptions): Tensor<"float32"> {
    return latentsWithoutPosterior("VQEncoderOutput", this.latentSample, options);
  }
}
