/** AutoencoderKL in Node: weights from folders, single files and the hub; ONNX Runtime in a thread. */
import { realpath, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { VaekitError } from "../errors.ts";
import { placeOf, resolveFromHub, withoutFolder } from "../hub/index.ts";
import {
  autoencoderKL,
  completeConfig,
  formatConfig,
  initializeParameters,
  parseConfig,
  type AutoencoderKLConfig,
  type GivenConfig,
} from "../models/index.ts";
import { Generator } from "../random/index.ts";
import { storeInMemory, type FoundTensor, type StoredTensor } from "../tensor/stored-tensor.ts";
import { messageText } from "../util/printable.ts";
import { thisMachine } from "./machine.ts";
import { openRuntime } from "./open-runtime.ts";
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
import { nodePictures } from "./pictures.ts";
import { singleFileConfig } from "./single-file-config.ts";
import { AutoencoderKLModel } from "../vae/autoencoder-kl.ts";
import { matchWeights, unexpectedWarning } from "../vae/model-weights.ts";
import {
  checkOutputFolderPath,
  checkOutputPath,
  KeptFiles,
  makeFolder,
  packageFile,
  writeFileAtomic,
} from "../files/node/index.ts";
import { checkPath } from "../util/check-options.ts";
import { loadDiffusersFolder, loadSingleFile, writeSafetensorsFile } from "../weights/node/index.ts";

interface Found {
  readonly name: string;
  readonly config: AutoencoderKLConfig;
  readonly tensors: ReadonlyMap<string, FoundTensor>;
}

const weightsFile = "diffusion_pytorch_model.safetensors";

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
    const { folder, subfolder } = await locate(folderOrId, options);
    const found = await loadDiffusersFolder(folder, { subfolder, variant: options.variant });
    const { configJson, configPath, checkpoint } = found;
    const { config, warnings } = parseConfig(configJson, configPath);
    [...found.warnings, ...warnings].forEach(warner(options));
    return AutoencoderKL.#assemble({ name: folderOrId, config, tensors: checkpoint.tensors }, options);
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
    const { checkpoint, ...found } = await loadSingleFile(path);
    const { config, warnings } = await singleFileConfig(path, checkpoint.tensors, options);
    [...found.warnings, ...warnings].forEach(warner(options));
    return AutoencoderKL.#assemble({ name: path, config, tensors: checkpoint.tensors }, options);
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
    const tensors = new Map<string, StoredTensor>();
    for (const [name, tensor] of initializeParameters(complete, generator))
      tensors.set(name, storeInMemory(name, tensor));
    return AutoencoderKL.#assemble({ name: "random weights", config: complete, tensors }, options);
  }

  /** The small model inside the package: factor 8, 16 latent channels. */
  static async default(options: RuntimeOptions = {}): Promise<AutoencoderKL> {
    checkRuntimeOptions(options, "default");
    return await AutoencoderKL.fromPretrained(packageFile("../assets/default-vae"), options);
  }

  /**
   * Writes config.json and the weights in diffusers' format; diffusers' from_pretrained reads the folder.
   *
   * @throws IO, also when the folder is the one that this model is read from: a model in use keeps its files.
   */
  async savePretrained(folder: string): Promise<void> {
    checkPath("savePretrained", folder, "the path of a folder");
    const weightsPath = join(folder, weightsFile);
    const configPath = join(folder, "config.json");
    const indexPath = `${weightsPath}.index.json`;
    const kept = new KeptFiles();
    for (const path of this.weightFiles) kept.add(path, "the weights of this model, which is in use");
    checkOutputFolderPath(folder);
    for (const path of [weightsPath, configPath]) checkOutputPath(path, kept);
    await checkIsNotOwnIndex(indexPath, this.weightFiles);
    const tensors = await this.stateDict();
    await makeFolder(folder);
    await writeSafetensorsFile(weightsPath, tensors, { format: "pt" }, { kept });
    await writeFileAtomic(configPath, formatConfig(this.config), { kept });
    // diffusers would prefer the shards of an index that an earlier model left here.
    await rm(indexPath, { force: true });
  }

  static #assemble({ name, config, tensors }: Found, options: RuntimeOptions): AutoencoderKL {
    const weights = matchWeights(autoencoderKL, config, tensors, name);
    if (weights.unexpected.length > 0)
      warner(options)(unexpectedWarning(weights.unexpected, autoencoderKL.className, name));
    const runtime = openRuntime(options, warner(options));
    return new AutoencoderKL({
      name,
      config,
      weights,
      runtime,
      machine: thisMachine(runtime, warner(options)),
      pictures: nodePictures,
    });
  }
}

/** @throws IO when the index in the folder is that of the shards in use: without it they are no model. */
async function checkIsNotOwnIndex(indexPath: string, weightFiles: readonly string[]): Promise<void> {
  if (weightFiles.length < 2 || (await stat(indexPath).catch(() => undefined)) === undefined) return;
  const folder = dirname(await realpath(indexPath));
  if (!weightFiles.some((path) => dirname(path) === folder)) return;
  throw new VaekitError(
    "IO",
    `${indexPath}: would replace the weights of this model, which is in use. Write to another name or folder.`,
  );
}

/** Whom a model tells what is odd but no error. */
export function warner(options: RuntimeOptions): (message: string) => void {
  return (
    options.onWarning ??
    ((message) => {
      process.emitWarning(messageText(message), "VaekitWarning");
    })
  );
}

/** The local folder of a model and where in it the model is: as given, or exactly where the hub's files lie. */
async function locate(
  folderOrId: string,
  options: FromPretrainedOptions,
): Promise<{ folder: string; subfolder?: string | undefined }> {
  switch (await placeOf(folderOrId)) {
    case "folder": {
      if (options.revision === undefined) return { folder: folderOrId, subfolder: options.subfolder };
      const message = `fromPretrained: revision: ${folderOrId} is a folder, which has none. Leave it out.`;
      throw new VaekitError("INVALID_ARGUMENT", message);
    }
    case "file": {
      const message = `${folderOrId}: expected a model's folder, found a file. Open it with fromSingleFile.`;
      throw new VaekitError("INVALID_ARGUMENT", message);
    }
    case "hub":
      try {
        const { folder } = await resolveFromHub(folderOrId, { ...options, onWarning: warner(options) });
        return { folder, subfolder: "" };
      } catch (error) {
        throw withoutFolder(folderOrId, error);
      }
  }
}
