/** AutoencoderDC, ready to use, with diffusers' results. How it is opened depends on the platform: see node/ and web/. */
import type { EncoderOutput } from "../latents/encoder-output.ts";
import { autoencoderDC, type AutoencoderDCConfig } from "../models/index.ts";
import { Vae, type VaeParts } from "./vae.ts";

/** What an AutoencoderDC is made of. */
export type AutoencoderDCParts = Omit<VaeParts<AutoencoderDCConfig, EncoderOutput>, "model">;

/** Sana's deep compression autoencoder (DC-AE), with the numbers of diffusers' class of that name. */
export class AutoencoderDCModel extends Vae<AutoencoderDCConfig, EncoderOutput> {
  protected constructor(parts: AutoencoderDCParts) {
    super({ ...parts, model: autoencoderDC });
  }
}
