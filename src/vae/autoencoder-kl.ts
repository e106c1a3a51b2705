/** AutoencoderKL, ready to use, with diffusers' results. How it is opened depends on the platform: see node/ and web/. */
import { AutoencoderKLForwardOutput, type AutoencoderKLOutput } from "../latents/outputs.ts";
import { autoencoderKL, type AutoencoderKLConfig } from "../models/index.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { ForwardOptions } from "./options.ts";
import { Vae, type VaeParts } from "./vae.ts";

/** What an AutoencoderKL is made of. */
export type AutoencoderKLParts = Omit<VaeParts<AutoencoderKLConfig, AutoencoderKLOutput>, "model">;

/** The KL autoencoder of latent diffusion models, with the numbers of diffusers' class of that name. */
export class AutoencoderKLModel extends Vae<AutoencoderKLConfig, AutoencoderKLOutput> {
  protected constructor(parts: AutoencoderKLParts) {
    super({ ...parts, model: autoencoderKL });
  }

  /** Encodes, takes the mode (or a sample) of the posterior, and decodes it. */
  override async forward(pixels: Tensor, options: ForwardOptions = {}): Promise<AutoencoderKLForwardOutput> {
    const { decoded, encoded } = await this.reconstruct(pixels, options);
    return new AutoencoderKLForwardOutput({ sample: decoded.sample, latentDist: encoded.latentDist });
  }
}
