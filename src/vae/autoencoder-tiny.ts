/** AutoencoderTiny, ready to use, with diffusers' results. How it is opened depends on the platform: see node/ and web/. */
import type { AutoencoderTinyOutput } from "../latents/outputs.ts";
import { scaleTinyLatents, unscaleTinyLatents, type AutoencoderTinyConfig } from "../models/index.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Vae } from "./vae.ts";

/**
 * A tiny autoencoder (TAESD and its family), with the numbers of diffusers' class of that name. It takes and gives
 * latents as a diffusion model sees them: those of the large VAE after `normalizeLatents`.
 *
 * `forward` keeps the latents as bytes between the halves, as diffusers' does, so it is not `decode` of `encode`.
 */
export class AutoencoderTinyModel extends Vae<AutoencoderTinyConfig, AutoencoderTinyOutput> {
  /**
   * Latents → [0, 1], to store them in 8-bit pictures: latents / (2 · latentMagnitude) + latentShift, clamped. Neither
   * encode nor decode does it.
   *
   * @param latents float of any shape.
   * @returns float32 of that shape.
   */
  scaleLatents(latents: Tensor): Tensor<"float32"> {
    return scaleTinyLatents(latents, this.config);
  }

  /** [0, 1] → latents: the inverse of {@link scaleLatents}, of what it did not clamp. */
  unscaleLatents(scaled: Tensor): Tensor<"float32"> {
    return unscaleTinyLatents(scaled, this.config);
  }
}
