/** AutoencoderKLHunyuanImage, ready to use, with diffusers' results. How it is opened depends on the platform: see node/ and web/. */
import type { AutoencoderKLOutput } from "../latents/outputs.ts";
import { autoencoderKLHunyuanImage, type AutoencoderKLHunyuanImageConfig } from "../models/index.ts";
import { Vae, type VaeParts } from "./vae.ts";

/** What an AutoencoderKLHunyuanImage is made of. */
export type AutoencoderKLHunyuanImageParts = Omit<
  VaeParts<AutoencoderKLHunyuanImageConfig, AutoencoderKLOutput>,
  "model"
>;

/** HunyuanImage 2.1's autoencoder, with the numbers of diffusers' class of that name. */
export class AutoencoderKLHunyuanImageModel extends Vae<
  AutoencoderKLHunyuanImageConfig,
  AutoencoderKLOutput
> {
  protected constructor(parts: AutoencoderKLHunyuanImageParts) {
    super({ ...parts, model: autoencoderKLHunyuanImage });
  }
}
