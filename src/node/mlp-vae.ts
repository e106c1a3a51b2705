/** The fully connected VAE in Node: from the folder that `vaekit train` writes. */
import { join } from "node:path";
import { readJsonFile } from "../files/node/index.ts";
import { isMlpVaeConfig, mlpVae, parseMlpVaeConfig } from "../models/index.ts";
import { MlpVaeModel } from "../vae/mlp-vae.ts";
import { matchWeights } from "../vae/model-weights.ts";
import { loadDiffusersFolder } from "../weights/node/index.ts";
import { checkPath } from "../util/check-options.ts";
import { warner } from "./autoencoder-kl.ts";
import { thisMachine } from "./machine.ts";
import { openRuntime } from "./open-runtime.ts";
import { nodePictures } from "./pictures.ts";
import { checkRuntimeOptions, type RuntimeOptions } from "./opening-options.ts";

/** A fully connected VAE of Bernoulli pixels. */
export class MlpVae extends MlpVaeModel {
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
    const { configJson, configPath, checkpoint } = await loadDiffusersFolder(folder);
    const config = parseMlpVaeConfig(configJson, configPath);
    const weights = matchWeights(mlpVae, config, checkpoint.tensors, folder);
    const runtime = openRuntime(options, warner(options));
    const machine = thisMachine(runtime, warner(options));
    return new MlpVae({ name: folder, config, weights, runtime, machine, pictures: nodePictures });
  }
}
