/** One model on every runtime: its files are read as in Node, the rest is as on the runtime's own platform. */
import type { AutoencoderKLOutput } from "../src/latents/index.ts";
import { autoencoderKL, parseConfig, type AutoencoderKLConfig, type VaeModel } from "../src/models/index.ts";
import { vaeOf, type NodeVae } from "../src/node/classes.ts";
import { thisMachine } from "../src/node/machine.ts";
import { AutoencoderKLModel } from "../src/vae/autoencoder-kl.ts";
import type { VaeParts } from "../src/vae/vae.ts";
import type { Machine } from "../src/vae/machine.ts";
import { wholeModel, withBuffers } from "../src/vae/opened.ts";
import { matchWeights } from "../src/vae/model-weights.ts";
import { browser } from "../src/web/machine.ts";
import { loadDiffusersFolder } from "../src/weights/node/index.ts";
import { createRuntime, type RuntimeName } from "./runtime/runtimes.ts";
import { localEngine } from "../src/vae/local-engine.ts";

const machines: Readonly<Record<RuntimeName, () => Machine>> = {
  "onnxruntime-node": () =>
    thisMachine({ name: "onnxruntime-node" }, (message) => {
      throw new Error(message);
    }),
  "onnxruntime-web (WebAssembly)": () => browser,
};

type KlParts = VaeParts<AutoencoderKLConfig, AutoencoderKLOutput>;

/** A model of given parts. */
export class AssembledModel extends AutoencoderKLModel {
  static of(parts: KlParts): AssembledModel {
    return new AssembledModel(parts);
  }
}

/** What a model in diffusers' format is made of, beside what runs it. */
export async function partsOf(
  folder: string,
): Promise<Pick<KlParts, "name" | "model" | "config" | "weights">> {
  const { configJson, configPath, checkpoint } = await loadDiffusersFolder(folder);
  const { config } = parseConfig(configJson, configPath);
  return {
    name: folder,
    model: autoencoderKL,
    config,
    weights: matchWeights(autoencoderKL, config, checkpoint.tensors, folder),
  };
}

export async function openOn(name: RuntimeName, folder: string): Promise<AssembledModel> {
  return AssembledModel.of({
    ...(await partsOf(folder)),
    engine: localEngine(createRuntime[name](), machines[name]()),
  });
}

/** A model of whatever class. @param change of what its config does not say */
export async function openVaeOn(
  name: RuntimeName,
  folder: string,
  change: (model: VaeModel) => VaeModel = (model) => model,
): Promise<NodeVae> {
  const { model, configJson, configPath, checkpoint } = await loadDiffusersFolder(folder);
  const { config } = model.config.parse(configJson, configPath);
  const loaded = await withBuffers({ name: folder, model, config, tensors: checkpoint.tensors });
  return vaeOf({
    ...wholeModel(loaded),
    model: change(model),
    engine: localEngine(createRuntime[name](), machines[name]()),
  });
}
