/** AutoencoderKL in Node: weights from folders, single files and the hub; ONNX Runtime in a thread. */
import { VaekitError } from "../errors.ts";
import { packageFile } from "../files/node/index.ts";
import { placeOf } from "../hub/model-place.ts";
import {
  autoencoderKL,
  completeConfig,
  initializeParameters,
  type AutoencoderKLConfig,
  type GivenConfig,
} from "../models/index.ts";
import { Generator } from "../random/index.ts";
import { storeInMemory } from "../tensor/stored-tensor.ts";
import { checkPath } from "../util/check-options.ts";
import { AutoencoderKLModel } from "../vae/autoencoder-kl.ts";
import { wholeModel } from "../vae/opened.ts";
import type { VaeParts } from "../vae/vae.ts";
import { assemble } from "./assemble.ts";
import { loadFile, loadFolder } from "./load-model.ts";
import { locateFolder } from "./locate.ts";
import {
  checkFromConfigOptions,
  checkFromPretrainedOptions,
  checkFromSingleFileOptions,
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
    checkFromPretrainedOptions(options);
    checkPath("fromPretrained", folderOrId, "a folder or a hub id");
    const place = await placeOf(folderOrId);
    if (place === "file") {
      const message = `${folderOrId}: expected a model's folder, found a file. Open it with fromSingleFile.`;
      throw new VaekitError("INVALID_ARGUMENT", message);
    }
    const folder = await locateFolder(folderOrId, place, options, "fromPretrained");
    const { variant } = options;
    const read = await loadFolder(folderOrId, folder, { variant, expected: autoencoderKL });
    return AutoencoderKL.of(assemble(wholeModel(read.loaded), read.warnings, options));
  }

  /**
   * Opens a single .safetensors file: original (CompVis, SGM, BFL) or diffusers' names, alone or inside a
   * whole checkpoint. Its config is what the tensors' shapes say, then the family `as`, then the given `config`.
   *
   * @throws INVALID_CONFIG when the tensors fit more than one family and neither `config` nor `as` says which, or when
   *   one of them contradicts the shapes.
   */
  static async fromSingleFile(path: string, options: FromSingleFileOptions = {}): Promise<AutoencoderKL> {
    checkFromSingleFileOptions(options);
    checkPath("fromSingleFile", path, "the path of a .safetensors file");
    const read = await loadFile(path, options, autoencoderKL);
    return AutoencoderKL.of(assemble(wholeModel(read.loaded), read.warnings, options));
  }

  /**
   * A model with fresh random weights, initialised as PyTorch does.
   *
   * @param config under diffusers' names or ours.
   * @throws INVALID_CONFIG on a wrong or unknown key, or for a model that is too large.
   */
  static fromConfig(config: GivenConfig, options: FromConfigOptions = {}): AutoencoderKL {
    checkFromConfigOptions(options);
    const complete = completeConfig(config);
    const generator = options.generator ?? Generator.philox(Math.floor(Math.random() * 2 ** 32));
    const drawn = [...initializeParameters(complete, generator)];
    const tensors = new Map(drawn.map(([name, tensor]) => [name, storeInMemory(name, tensor)]));
    const loaded = { name: "random weights", model: autoencoderKL, config: complete, tensors };
    return AutoencoderKL.of(assemble(wholeModel(loaded), [], options));
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
