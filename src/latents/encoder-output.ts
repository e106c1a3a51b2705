/** What `encode` of an AutoencoderDC returns, under diffusers' name. */
import { checkTensor } from "../tensor/check-tensor.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { checkValue, optionKinds } from "../util/check-options.ts";
import { Encoded, latentsWithoutPosterior, type LatentsOptions } from "./encoded.ts";

/** The fields of an {@link EncoderOutput}. */
export interface EncoderOutputFields {
  /** The latents of the batch, [N, L, h, w]. */
  readonly latent: Tensor;
}

/** What `encode` returns of a class without a distribution over latents, as AutoencoderDC. */
export class EncoderOutput extends Encoded {
  /** The latents of the batch, [N, L, h, w], as {@link latents} gives them. */
  declare readonly latent: Tensor;

  constructor(fields: EncoderOutputFields) {
    checkValue("EncoderOutput", fields, optionKinds.object);
    checkTensor(fields.latent, "EncoderOutput: latent");
    super({ ...fields });
  }

  override latents(options?: LatentsOptions): Tensor<"float32"> {
    return latentsWithoutPosterior("EncoderOutput", this.latent, options);
  }
}
