/** VQModel in Node: weights from folders, single files and the hub; ONNX Runtime in a thread. */
import {
  completeVQModelConfig,
  vqModel,
  type GivenVQModelConfig,
  type VQModelConfig,
} from "../models/index.ts";
import type { VaeParts } from "../vae/vae.ts";
import { VQVae } from "../vae/vq-model.ts";
import { fromConfig, fromPretrained, fromSingleFile } from "./open-class.ts";
import type { FromConfigOptions, FromPretrainedOptions, FromSingleFileOptions } from "./opening-options.ts";
import { savePretrained } from "./save-pretrained.ts";

/** The autoencoder with a codebook: VQGAN, MoVQ (Kandinsky), aMUSEd. */
export class VQModel extends VQVae {
  /**
   * Opens a model from a folder in diffusers' format, or from the hub by its id ("org/name"). A folder of
   * that name wins over an id.
   *
   * @throws NOT_FOUND, HUB, INVALID_CONFIG, INVALID_FILE, WEIGHTS_MISMATCH
   */
  static async fromPretrained(folderOrId: string, options: FromPretrainedOptions = {}): Promise<VQModel> {
    return VQModel.of(await fromPretrained(vqModel, folderOrId, options));
  }

  /**
   * Opens a single .safetensors file, which diffusers cannot: diffusers' names or those of VQGAN's and MoVQ's original
   * repositories. Its config is what the tensors' shapes say, then the given `config`, then diffusers' defaults.
   *
   * @throws INVALID_CONFIG when `config` contradicts the shapes, and as {@link fromPretrained}
   */
  static async fromSingleFile(path: string, options: FromSingleFileOptions = {}): Promise<VQModel> {
    return VQModel.of(await fromSingleFile(vqModel, path, options));
  }

  /**
   * A model with fresh random weights, initialised as PyTorch does.
   *
   * @param config under diffusers' names or ours.
   * @throws INVALID_CONFIG on a wrong or unknown key, or for a model that is too large.
   */
  static fromConfig(config: GivenVQModelConfig, options: FromConfigOptions = {}): VQModel {
    return VQModel.of(fromConfig(vqModel, () => completeVQModelConfig(config), options));
  }

  /** @internal From the parts of a model of this class. */
  static of(parts: VaeParts): VQModel {
    return new VQModel(parts as VaeParts<VQModelConfig, never>);
  }

  /** Writes config.json and the weights in diffusers' format. @throws IO, also when it is read from there */
  savePretrained(folder: string): Promise<void> {
    return savePretrained(this, folder);
  }
}
