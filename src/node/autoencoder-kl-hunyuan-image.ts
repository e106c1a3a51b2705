/** AutoencoderKLHunyuanImage in Node: weights from folders, single files and the hub; ONNX Runtime in a thread. */
import type { AutoencoderKLOutput } from "../latents/outputs.ts";
import {
  completeHunyuanImageConfig,
  autoencoderKLHunyuanImage,
  type GivenHunyuanImageConfig,
  type AutoencoderKLHunyuanImageConfig,
} from "../models/index.ts";
import { Vae, type VaeParts } from "../vae/vae.ts";
import { fromConfig, fromPretrained, fromSingleFile } from "./open-class.ts";
import type { FromConfigOptions, FromPretrainedOptions, FromSingleFileOptions } from "./opening-options.ts";
import { savePretrained } from "./save-pretrained.ts";

/** HunyuanImage 2.1's autoencoder. */
export class AutoencoderKLHunyuanImage extends Vae<AutoencoderKLHunyuanImageConfig, AutoencoderKLOutput> {
  /**
   * Opens a model from a folder in diffusers' format, or from the hub by its id ("org/name"). A folder of
   * that name wins over an id.
   *
   * @throws NOT_FOUND, HUB, INVALID_CONFIG, INVALID_FILE, WEIGHTS_MISMATCH
   */
  static async fromPretrained(
    folderOrId: string,
    options: FromPretrainedOptions = {},
  ): Promise<AutoencoderKLHunyuanImage> {
    return AutoencoderKLHunyuanImage.of(await fromPretrained(autoencoderKLHunyuanImage, folderOrId, options));
  }

  /**
   * Opens a single .safetensors file with diffusers' names.
   *
   * @throws INVALID_CONFIG when it has other latent channels than HunyuanImage 2.1's, so that nothing says their scaling, or when
   *   `config` contradicts the shapes; and as {@link fromPretrained}
   */
  static async fromSingleFile(
    path: string,
    options: FromSingleFileOptions = {},
  ): Promise<AutoencoderKLHunyuanImage> {
    return AutoencoderKLHunyuanImage.of(await fromSingleFile(autoencoderKLHunyuanImage, path, options));
  }

  /**
   * A model with fresh random weights, initialised as PyTorch does.
   *
   * @param config under diffusers' names or ours.
   * @throws INVALID_CONFIG on a wrong or unknown key, or for a model that is too large.
   */
  static fromConfig(
    config: GivenHunyuanImageConfig,
    options: FromConfigOptions = {},
  ): AutoencoderKLHunyuanImage {
    return AutoencoderKLHunyuanImage.of(
      fromConfig(autoencoderKLHunyuanImage, () => completeHunyuanImageConfig(config), options),
    );
  }

  /** @internal From the parts of a model of this class. */
  static of(parts: VaeParts): AutoencoderKLHunyuanImage {
    return new AutoencoderKLHunyuanImage(parts as VaeParts<AutoencoderKLHunyuanImageConfig, never>);
  }

  /** Writes config.json and the weights in diffusers' format. @throws IO, also when it is read from there */
  savePretrained(folder: string): Promise<void> {
    return savePretrained(this, folder);
  }
}
