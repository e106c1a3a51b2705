/** AutoencoderKLFlux2, ready to use, with diffusers' results. How it is opened depends on the platform: see node/ and web/. */
import { AutoencoderKLForwardOutput, type AutoencoderKLOutput } from "../latents/outputs.ts";
import type { AutoencoderKLFlux2Config } from "../models/index.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { ForwardOptions } from "./options.ts";
import { Vae } from "./vae.ts";

/**
 * FLUX.2's autoencoder, with the numbers of diffusers' class of that name. `packLatents` of its normalised latents are
 * the tokens of FLUX.2's transformer.
 */
export class AutoencoderKLFlux2Model extends Vae<AutoencoderKLFlux2Config, AutoencoderKLOutput> {
  /** Encodes, takes the mode (or a sample) of the posterior, and decodes it. */
  override async forward(pixels: Tensor, options: ForwardOptions = {}): Promise<AutoencoderKLForwardOutput> {
    const { decoded, encoded } = await this.reconstruct(pixels, options);
    return new AutoencoderKLForwardOutput({ sample: decoded.sample, latentDist: encoded.latentDist });
  }
}
