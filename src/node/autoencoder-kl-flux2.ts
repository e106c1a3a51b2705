/** AutoencoderKLFlux2 in Node: weights from folders, single files and the hub. */
import { autoencoderKLFlux2, completeFlux2Config, type AutoencoderKLFlux2Config } from "../models/index.ts";
import type { GivenFlux2Config } from "../models/index.ts";
import { AutoencoderKLFlux2Model } from "../vae/autoencoder-kl-flux2.ts";
import type { VaeParts } from "../vae/vae.ts";
import { fromConfig, fromPretrained, fromSingleFile } from "./open-class.ts";
import type { FromConfigOptions, FromPretrainedOptions, FromSingleFileOptions } from "./opening-options.ts";
import { savePretrained } from "./save-pretrained.ts";

/** FLUX.2's autoencoder, with its own decoder or the small one. */
export class AutoencoderKLFlux2 extends AutoencoderKLFlux2Model {
  /**
   * Opens a model from a folder in diffusers' format, or from the hub by its id ("org/name"). A folder of
   * that name wins over an id.
   *
   * @throws NOT_FOUND, HUB, INVALID_CONFIG, INVALID_FILE, WEIGHTS_MISMATCH
   */
  static async fromPretrained(
    folderOrId: string,
    options: FromPretrainedOptions = {},
  ): Promise<AutoencoderKLFlux2> {
    return AutoencoderKLFlux2.of(await fromPretrained(autoencoderKLFlux2, folderOrId, options));
  }

  /**
   * Opens a single .safetensors file of both halves: original (BFL) or diffusers' names, alone or inside a whole
   * checkpoint. openVae opens a half alone, and two of them as one model.
   *
   * @throws INVALID_CONFIG when `config` contradicts the shapes, and for a family; WEIGHTS_MISMATCH
   */
  static async fromSingleFile(
    path: string,
    options: FromSingleFileOptions = {},
  ): Promise<AutoencoderKLFlux2> {
    return AutoencoderKLFlux2.of(await fromSingleFile(autoencoderKLFlux2, path, options));
  }

  /**
   * A model with fresh random weights, initialised as PyTorch does; its statistics are means of 0 and variances of 1.
   *
   * @param config under diffusers' names or ours.
   * @throws INVALID_CONFIG on a wrong or unknown key, or for a model that is too large.
   */
  static fromConfig(config: GivenFlux2Config, options: FromConfigOptions = {}): AutoencoderKLFlux2 {
    return AutoencoderKLFlux2.of(fromConfig(autoencoderKLFlux2, () => completeFlux2Config(config), options));
  }

  /** @internal From the parts of a model of this class. */
  static of(parts: VaeParts): AutoencoderKLFlux2 {
    return new AutoencoderKLFlux2(parts as VaeParts<AutoencoderKLFlux2Config, never>);
  }

  /**
   * Writes config.json and the weights in diffusers' format; diffusers' from_pretrained reads the folder.
   *
   * @throws IO, also when the folder is the one that this model is read from: a model in use keeps its files.
   */
  savePretrained(folder: string): Promise<void> {
    return savePretrained(this, folder);
  }
}
