/** The fully connected VAE in Node: from the folder that `vaekit train` writes. */
import type { AutoencoderKLOutput } from "../latents/outputs.ts";
import { join } from "node:path";
import { readJsonFile } from "../files/node/index.ts";
import { isMlpVaeConfig, mlpVae, type MlpVaeConfig } from "../models/index.ts";
import { checkPath } from "../util/check-options.ts";
import { wholeModel } from "../vae/opened.ts";
import { Vae, type VaeParts } from "../vae/vae.ts";
import { assemble } from "./assemble.ts";
import { loadFolder } from "./load-model.ts";
import { checkRuntimeOptions, type RuntimeOptions } from "./opening-options.ts";
import { savePretrained } from "./save-pretrained.ts";

/** A fully connected VAE of Bernoulli pixels. */
export class MlpVae extends Vae<MlpVaeConfig, AutoencoderKLOutput> {
  /** Whether the config.json in a folder says that it is one of these; false where there is no readable one. */
  static async isAt(folder: string): Promise<boolean> {
    try {
      return isMlpVaeConfig(await readJsonFile(join(folder, "config.json")));
    } catch {
      return false;
    }
  }

  /**
   * Opens a model from its folder: config.json and diffusion_pytorch_model.safetensors.
   *
   * @throws NOT_FOUND, INVALID_CONFIG, INVALID_FILE, WEIGHTS_MISMATCH
   */
  static async fromPretrained(folder: string, options: RuntimeOptions = {}): Promise<MlpVae> {
    checkRuntimeOptions(options, "MlpVae.fromPretrained");
    checkPath("MlpVae.fromPretrained", folder, "a folder");
    const { loaded, warnings } = await loadFolder(folder, { folder }, { expected: mlpVae.className });
    return MlpVae.of(assemble(wholeModel(loaded), warnings, options));
  }

  /** @internal From the parts of a model of this class. */
  static of(parts: VaeParts): MlpVae {
    return new MlpVae(parts as VaeParts<MlpVaeConfig, never>);
  }

  /** Writes config.json and the weights, as {@link fromPretrained} reads them. @throws IO */
  savePretrained(folder: string): Promise<void> {
    return savePretrained(this, folder);
  }
}
