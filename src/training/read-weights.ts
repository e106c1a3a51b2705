/** The weights that a recipe names, read from files or the hub. */
import { openFileSource } from "../files/node/index.ts";
import type { Recipe } from "../recipe/index.ts";
import type { ModelInMemory, RecipeWeights } from "../train/index.ts";
import { parseSafetensors } from "../weights/index.ts";
import {
  finiteWeights,
  openPretrained,
  openPretrainedVQModel,
  type OpenPretrainedOptions,
} from "./pretrained.ts";

/** @throws what opening them throws; NOT_FINITE for a model that is damaged. */
export async function readWeights(
  { model, loss }: Recipe,
  onNote?: (note: string) => void,
): Promise<RecipeWeights> {
  const { perceptual, distillation } = loss;
  return {
    ...(await readPretrained(model, onNote)),
    ...(distillation === null ? {} : { teacher: await readModel(distillation.teacher, {}) }),
    ...(perceptual === null
      ? {}
      : { perceptual: (await parseSafetensors(await openFileSource(perceptual.weights))).tensors }),
  };
}

async function readPretrained(
  model: Recipe["model"],
  onNote: ((note: string) => void) | undefined,
): Promise<RecipeWeights> {
  if (model.type === "mlp" || model.pretrained === null) return {};
  if (model.type === "autoencoder_kl") {
    return { pretrained: await readModel(model.pretrained, { ...model, onNote }) };
  }
  await using vae = await openPretrainedVQModel(model.pretrained, { ...model, onNote });
  return { pretrainedVQModel: { config: vae.config, tensors: await finiteWeights(vae) } };
}

async function readModel(source: string, options: OpenPretrainedOptions): Promise<ModelInMemory> {
  await using vae = await openPretrained(source, options);
  return { config: vae.config, tensors: await finiteWeights(vae) };
}
