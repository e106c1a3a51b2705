/** AutoencoderKL in Node: weights from folders, single files and the hub; ONNX Runtime in a thread. */
import { packageFile } from "../files/node/index.ts";
import {
  autoencoderKL,
  completeConfig,
  type AutoencoderKLConfig,
  type GivenConfig,
} from "../models/index.ts";
import { AutoencoderKLModel } from "../vae/autoencoder-kl.ts";
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

/** The KL autoencoder of latent diffusion models. */
export class AutoencoderKL extends AutoencoderKLModel {
  /**
   * Opens a model from a folder in diffusers' format, or from the hub by its id ("org/name"). A folder of
   * that name wins over an id.
   *
   * @throws NOT_FOUND, HUB, INVALID_CONFIG, INVALID_FILE, WEIGHTS_MISMATCH
   */
  static async fromPretrained(
    folderOrId: string,
    options: FromPretrainedOptions = {},
  ): Promise<AutoencoderKL> {
    return AutoencoderKL.of(await fromPretrained(autoencoderKL, folderOrId, options));
  }

  /**
   * Opens a single .safetensors file: original (CompVis, SGM, BFL) or diffusers' names, alone or inside a
   * whole checkpoint. Its config is what the tensors' shapes say, then the family `as`, then the given `config`.
   *
   * @throws INVALID_CONFIG when the tensors fit more than one family and neither `config` nor `as` says which, or when
   *   one of them contradicts the shapes.
   */
  static async fromSingleFile(path: string, options: FromSingleFileOptions = {}): Promise<AutoencoderKL> {
    return AutoencoderKL.of(await fromSingleFile(autoencoderKL, path, options));
  }

  /**
   * A model with fresh random weights, initialised as PyTorch does.
   *
   * @param config under diffusers' names or ours.
   * @throws INVALID_CONFIG on a wrong or unknown key, or for a model that is too large.
   */
  static fromConfig(config: GivenConfig, options: FromConfigOptions = {}): AutoencoderKL {
    return AutoencoderKL.of(fromConfig(autoencoderKL, () => completeConfig(config), options));
  }

  /** The small model inside the package: factor 8, 16 latent channels. */
  static async default(options: RuntimeOptions = {}): Promise<AutoencoderKL> {
    checkRuntimeOptions(options, "default");
    return await AutoencoderKL.fromPretrained(packageFile("../assets/default-vae"), options);
  }

  /** @internal From the parts of a model of this class. */
  static of(parts: VaeParts): AutoencoderKL {
    return new AutoencoderKL(parts as VaeParts<AutoencoderKLConfig, never>);
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
