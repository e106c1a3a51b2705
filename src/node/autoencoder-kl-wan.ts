/** The autoencoders of Wan and Qwen-Image in Node: weights from folders, single files and the hub. */
import type { AutoencoderKLOutput } from "../latents/outputs.ts";
import {
  autoencoderKLQwenImage,
  autoencoderKLQwenImage21,
  autoencoderKLWan,
  completeQwenImageConfig,
  completeQwenImage21Config,
  completeWanConfig,
  type AutoencoderKLQwenImageConfig,
  type AutoencoderKLQwenImage21Config,
  type AutoencoderKLWanConfig,
  type GivenQwenImageConfig,
  type GivenQwenImage21Config,
  type GivenWanConfig,
} from "../models/index.ts";
import { Vae, type VaeParts } from "../vae/vae.ts";
import { fromConfig, fromPretrained, fromSingleFile } from "./open-class.ts";
import type { FromConfigOptions, FromPretrainedOptions, FromSingleFileOptions } from "./opening-options.ts";
import { savePretrained } from "./save-pretrained.ts";

/** Qwen-Image's autoencoder, whose network is Wan 2.1's. */
export class AutoencoderKLQwenImage extends Vae<AutoencoderKLQwenImageConfig, AutoencoderKLOutput> {
  /**
   * Opens a model from a folder in diffusers' format, or from the hub by its id ("org/name"). A folder of
   * that name wins over an id.
   *
   * @throws NOT_FOUND, HUB, INVALID_CONFIG, INVALID_FILE, WEIGHTS_MISMATCH
   */
  static async fromPretrained(
    folderOrId: string,
    options: FromPretrainedOptions = {},
  ): Promise<AutoencoderKLQwenImage> {
    return AutoencoderKLQwenImage.of(await fromPretrained(autoencoderKLQwenImage, folderOrId, options));
  }

  /**
   * Opens a single .safetensors file with diffusers' names or Wan's, as ComfyUI's files have them.
   *
   * @throws INVALID_CONFIG when it has as many latent channels as no published model, so that nothing says their
   *   scaling, or when `config` contradicts the shapes; WEIGHTS_MISMATCH
   */
  static async fromSingleFile(
    path: string,
    options: FromSingleFileOptions = {},
  ): Promise<AutoencoderKLQwenImage> {
    return AutoencoderKLQwenImage.of(await fromSingleFile(autoencoderKLQwenImage, path, options));
  }

  /**
   * A model with fresh random weights, initialised as PyTorch does.
   *
   * @param config under diffusers' names or ours.
   * @throws INVALID_CONFIG on a wrong or unknown key, or for a model that is too large.
   */
  static fromConfig(config: GivenQwenImageConfig, options: FromConfigOptions = {}): AutoencoderKLQwenImage {
    return AutoencoderKLQwenImage.of(
      fromConfig(autoencoderKLQwenImage, () => completeQwenImageConfig(config), options),
    );
  }

  /** @internal From the parts of a model of this class. */
  static of(parts: VaeParts): AutoencoderKLQwenImage {
    return new AutoencoderKLQwenImage(parts as VaeParts<AutoencoderKLQwenImageConfig, never>);
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

/** Qwen-Image-2.1's autoencoder of pictures with alpha. */
export class AutoencoderKLQwenImage21 extends Vae<AutoencoderKLQwenImage21Config, AutoencoderKLOutput> {
  /**
   * Opens a model from a folder in diffusers' format, or from the hub by its id ("org/name"). A folder of
   * that name wins over an id.
   *
   * @throws NOT_FOUND, HUB, INVALID_CONFIG, INVALID_FILE, WEIGHTS_MISMATCH
   */
  static async fromPretrained(
    folderOrId: string,
    options: FromPretrainedOptions = {},
  ): Promise<AutoencoderKLQwenImage21> {
    return AutoencoderKLQwenImage21.of(await fromPretrained(autoencoderKLQwenImage21, folderOrId, options));
  }

  /**
   * Opens a single .safetensors file with diffusers' names.
   *
   * @throws INVALID_CONFIG when it has as many latent channels as no published model, so that nothing says their
   *   scaling, or when `config` contradicts the shapes; WEIGHTS_MISMATCH
   */
  static async fromSingleFile(
    path: string,
    options: FromSingleFileOptions = {},
  ): Promise<AutoencoderKLQwenImage21> {
    return AutoencoderKLQwenImage21.of(await fromSingleFile(autoencoderKLQwenImage21, path, options));
  }

  /**
   * A model with fresh random weights, initialised as PyTorch does.
   *
   * @param config under diffusers' names or ours.
   * @throws INVALID_CONFIG on a wrong or unknown key, or for a model that is too large.
   */
  static fromConfig(
    config: GivenQwenImage21Config,
    options: FromConfigOptions = {},
  ): AutoencoderKLQwenImage21 {
    return AutoencoderKLQwenImage21.of(
      fromConfig(autoencoderKLQwenImage21, () => completeQwenImage21Config(config), options),
    );
  }

  /** @internal From the parts of a model of this class. */
  static of(parts: VaeParts): AutoencoderKLQwenImage21 {
    return new AutoencoderKLQwenImage21(parts as VaeParts<AutoencoderKLQwenImage21Config, never>);
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

/** The autoencoder of Wan 2.1 and 2.2, for single frames. */
export class AutoencoderKLWan extends Vae<AutoencoderKLWanConfig, AutoencoderKLOutput> {
  /**
   * Opens a model from a folder in diffusers' format, or from the hub by its id ("org/name"). A folder of
   * that name wins over an id.
   *
   * @throws NOT_FOUND, HUB, INVALID_CONFIG, INVALID_FILE, WEIGHTS_MISMATCH
   */
  static async fromPretrained(
    folderOrId: string,
    options: FromPretrainedOptions = {},
  ): Promise<AutoencoderKLWan> {
    return AutoencoderKLWan.of(await fromPretrained(autoencoderKLWan, folderOrId, options));
  }

  /**
   * Opens a single .safetensors file with diffusers' names or Wan's, as ComfyUI's files have them.
   *
   * @throws INVALID_CONFIG when it has as many latent channels as no published model, so that nothing says their
   *   scaling, or when `config` contradicts the shapes; WEIGHTS_MISMATCH
   */
  static async fromSingleFile(path: string, options: FromSingleFileOptions = {}): Promise<AutoencoderKLWan> {
    return AutoencoderKLWan.of(await fromSingleFile(autoencoderKLWan, path, options));
  }

  /**
   * A model with fresh random weights, initialised as PyTorch does.
   *
   * @param config under diffusers' names or ours.
   * @throws INVALID_CONFIG on a wrong or unknown key, or for a model that is too large.
   */
  static fromConfig(config: GivenWanConfig, options: FromConfigOptions = {}): AutoencoderKLWan {
    return AutoencoderKLWan.of(fromConfig(autoencoderKLWan, () => completeWanConfig(config), options));
  }

  /** @internal From the parts of a model of this class. */
  static of(parts: VaeParts): AutoencoderKLWan {
    return new AutoencoderKLWan(parts as VaeParts<AutoencoderKLWanConfig, never>);
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
