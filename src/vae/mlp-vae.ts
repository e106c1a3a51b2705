/** A fully connected VAE of Bernoulli pixels, ready to use. How it is opened depends on the platform. */
import type { AutoencoderKLOutput } from "../latents/outputs.ts";
import { mlpVae, type MlpVaeConfig } from "../models/index.ts";
import { Vae, type VaeParts } from "./vae.ts";

/** What such a model is made of. */
export type MlpVaeParts = Omit<VaeParts<MlpVaeConfig, AutoencoderKLOutput>, "model">;

/** The VAE of the textbooks: pictures [N, D] in [0, 1], latents [N, L] of prior N(0, 1). */
export class MlpVaeModel extends Vae<MlpVaeConfig, AutoencoderKLOutput> {
  protected constructor(parts: MlpVaeParts) {
    super({ ...parts, model: mlpVae });
  }
}
