/** The weights that a recipe names, read from files or the hub. */
import { openFileSource } from "../files/node/index.ts";
import type { Recipe } from "../recipe/index.ts";
import type { ModelInMemory, RecipeWeights } from "../train/index.ts";
import { parseSafetensors } from "../weights/index.ts";
import { finiteWeights, openPretrained, type OpenPretrainedOptions } from "./pretrained.ts";

/** @throws what opening them throws; NOT_FINITE for a model that is damaged. */
export async function readWeights(
  { model, loss }: Recipe,
  onNote?: (note: string) => void,
): Promise<RecipeWeights> {
  const { perceptual, distillation } = loss;
  const pretrained = "pretrained" in model ? model.pretrained : null;
  return {
    ...(pretrained === null ? {} : { pretrained: await readModel(pretrained, { ...model, onNote }) }),
    ...(distillation === null ? {} : { teacher: await readModel(distillation.teacher, {}) }),
    ...(perceptual === null
      ? {}
      : { perceptual: (await parseSafetensors(await openFileSource(perceptual.weights))).tensors }),
  };
}

async function readModel(source: string, options: OpenPretrainedOptions): Promise<ModelInMemory> {
  await using vae = await openPretrained(source, options);
  return { config: vae.config, tensors: await finiteWeights(vae) };
}
