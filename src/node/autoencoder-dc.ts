/** AutoencoderDC in Node: weights from folders, single files and the hub; ONNX Runtime in a thread. */
import type { EncoderOutput } from "../latents/encoder-output.ts";
import {
  completeDCConfig,
  autoencoderDC,
  type GivenDCConfig,
  type AutoencoderDCConfig,
} from "../models/index.ts";
import { Vae, type VaeParts } from "../vae/vae.ts";
import { fromConfig, fromPretrained, fromSingleFile } from "./open-class.ts";
import type { FromConfigOptions, FromPretrainedOptions, FromSingleFileOptions } from "./opening-options.ts";
import { savePretrained } from "./save-pretrained.ts";

/** Sana's deep compression autoencoder (DC-AE). */
export class AutoencoderDC extends Vae<AutoencoderDCConfig, EncoderOutput> {
  /**
   * Opens a model from a folder in diffusers' format, or from the hub by its id ("org/name"). A folder of
   * that name wins over an id.
   *
   * @throws NOT_FOUND, HUB, INVALID_CONFIG, INVALID_FILE, WEIGHTS_MISMATCH
   */
  static async fromPretrained(
    folderOrId: string,
    options: FromPretrainedOptions = {},
  ): Promise<AutoencoderDC> {
    return AutoencoderDC.of(await fromPretrained(autoencoderDC, folderOrId, options));
  }

  /**
   * Opens a single .safetensors file with diffusers' names or those of the original repository.
   *
   * @throws INVALID_CONFIG when the file is none of Sana's, so that nothing says its scaling_factor, or when `config`
   *   contradicts the shapes; and as {@link fromPretrained}
   */
  static async fromSingleFile(path: string, options: FromSingleFileOptions = {}): Promise<AutoencoderDC> {
    return AutoencoderDC.of(await fromSingleFile(autoencoderDC, path, options));
  }

  /**
   * A model with fresh random weights, initialised as PyTorch does.
   *
   * @param config under diffusers' names or ours.
   * @throws INVALID_CONFIG on a wrong or unknown key, or for a model that is too large.
   */
  static fromConfig(config: GivenDCConfig, options: FromConfigOptions = {}): AutoencoderDC {
    return AutoencoderDC.of(fromConfig(autoencoderDC, () => completeDCConfig(config), options));
  }

  /** @internal From the parts of a model of this class. */
  static of(parts: VaeParts): AutoencoderDC {
    return new AutoencoderDC(parts as VaeParts<AutoencoderDCConfig, never>);
  }

  /** Writes config.json and the weights in diffusers' format. @throws IO, also when it is read from there */
  savePretrained(folder: string): Promise<void> {
    return savePretrained(this, folder);
  }
}
