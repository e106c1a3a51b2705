/** The autoencoders of Wan and Qwen-Image, ready to use. How they are opened depends on the platform: see node/ and web/. */
import type { AutoencoderKLOutput } from "../latents/outputs.ts";
import {
  autoencoderKLQwenImage,
  autoencoderKLQwenImage21,
  autoencoderKLWan,
  type AutoencoderKLQwenImageConfig,
  type AutoencoderKLQwenImage21Config,
  type AutoencoderKLWanConfig,
} from "../models/index.ts";
import { Vae, type VaeParts } from "./vae.ts";

/** What a model of one of these classes is made of. */
export type WanParts<Config extends object> = Omit<VaeParts<Config, AutoencoderKLOutput>, "model">;

/** Qwen-Image's autoencoder, whose network is Wan 2.1's. With the numbers of diffusers' class of that name for one frame. */
export class AutoencoderKLQwenImageModel extends Vae<AutoencoderKLQwenImageConfig, AutoencoderKLOutput> {
  protected constructor(parts: WanParts<AutoencoderKLQwenImageConfig>) {
    super({ ...parts, model: autoencoderKLQwenImage });
  }
}

/** Qwen-Image-2.1's autoencoder of pictures with alpha. With the numbers of diffusers' class of that name for one frame. */
export class AutoencoderKLQwenImage21Model extends Vae<AutoencoderKLQwenImage21Config, AutoencoderKLOutput> {
  protected constructor(parts: WanParts<AutoencoderKLQwenImage21Config>) {
    super({ ...parts, model: autoencoderKLQwenImage21 });
  }
}

/** The autoencoder of Wan 2.1 and 2.2, for single frames. With the numbers of diffusers' class of that name for one frame. */
export class AutoencoderKLWanModel extends Vae<AutoencoderKLWanConfig, AutoencoderKLOutput> {
  protected constructor(parts: WanParts<AutoencoderKLWanConfig>) {
    super({ ...parts, model: autoencoderKLWan });
  }
}
