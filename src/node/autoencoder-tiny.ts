/** AutoencoderTiny in Node: weights from folders, single files and the hub. */
import { packageFile } from "../files/node/index.ts";
import {
  autoencoderTiny,
  completeTinyConfig,
  readTinyKeys,
  type AutoencoderTinyConfig,
} from "../models/index.ts";
import type { GivenTinyConfig } from "../models/index.ts";
import { AutoencoderTinyModel } from "../vae/autoencoder-tiny.ts";
import type { VaeParts } from "../vae/vae.ts";
import { fromConfig, fromPretrained, fromSingleFile } from "./open-class.ts";
import {
  checkRuntimeOptions,
  type FromConfigOptions,
  type FromPretrainedOptions,
  type FromSingleFileOptions,
  type RuntimeOptions,
} from "./opening-options.ts";
import { savePretrained } from "./save-pretrained.ts";

/** A tiny autoencoder: TAESD and its family. */
export class AutoencoderTiny extends AutoencoderTinyModel {
  /**
   * Opens a model from a folder in diffusers' format, or from the hub by its id ("org/name"). A folder of
   * that name wins over an id.
   *
   * @throws NOT_FOUND, HUB, INVALID_CONFIG, INVALID_FILE, WEIGHTS_MISMATCH
   */
  static async fromPretrained(
    folderOrId: string,
    options: FromPretrainedOptions = {},
  ): Promise<AutoencoderTiny> {
    return AutoencoderTiny.of(await fromPretrained(autoencoderTiny, folderOrId, options));
  }

  /**
   * Opens a single .safetensors file of both halves. openVae opens the original repository's file of one half, or two of
   * them as one model.
   *
   * @throws INVALID_CONFIG when `config` contradicts the shapes, and for a family; UNSUPPORTED, WEIGHTS_MISMATCH
   */
  static async fromSingleFile(path: string, options: FromSingleFileOptions = {}): Promise<AutoencoderTiny> {
    return AutoencoderTiny.of(await fromSingleFile(autoencoderTiny, path, options));
  }

  /**
   * A model with fresh random weights, initialised as PyTorch does.
   *
   * @param config under diffusers' names or ours.
   * @throws INVALID_CONFIG on a wrong or unknown key, or for a model that is too large.
   */
  static fromConfig(config: GivenTinyConfig, options: FromConfigOptions = {}): AutoencoderTiny {
    const complete = (): AutoencoderTinyConfig =>
      completeTinyConfig(readTinyKeys(config, "config", "object").values);
    return AutoencoderTiny.of(fromConfig(autoencoderTiny, complete, options));
  }

  /** The tiny model inside the package, for previews of the latents of `AutoencoderKL.default()`. */
  static async default(options: RuntimeOptions = {}): Promise<AutoencoderTiny> {
    checkRuntimeOptions(options, "default");
    return await AutoencoderTiny.fromPretrained(packageFile("../assets/default-preview"), options);
  }

  /** @internal From the parts of a model of this class. */
  static of(parts: VaeParts): AutoencoderTiny {
    return new AutoencoderTiny(parts as VaeParts<AutoencoderTinyConfig, never>);
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
