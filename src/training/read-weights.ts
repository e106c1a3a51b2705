/** The weights that a recipe names, read from files or the hub. */
import { openFileSource } from "../files/node/index.ts";
import { AutoencoderKL } from "../node/autoencoder-kl.ts";
import type { Recipe } from "../recipe/index.ts";
import type { ModelInMemory, RecipeWeights } from "../train/index.ts";
import { parseSafetensors } from "../weights/index.ts";
import {
  finiteWeights,
  openPretrained,
  openPretrainedTiny,
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
    ...(distillation === null ? {} : { teacher: await readTeacher(distillation.teacher) }),
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
  if (model.type === "autoencoder_tiny") {
    await using vae = await openPretrainedTiny(model.pretrained, { ...model, onNote });
    return { pretrainedTiny: { config: vae.config, tensors: await finiteWeights(vae) } };
  }
  await using vae = await openPretrainedVQModel(model.pretrained, { ...model, onNote });
  return { pretrainedVQModel: { config: vae.config, tensors: await finiteWeights(vae) } };
}

/** "default" is the built-in model; a folder of that name is "./default". */
async function readTeacher(source: string): Promise<ModelInMemory> {
  if (source !== "default") return readModel(source, {});
  await using vae = await AutoencoderKL.default();
  return { config: vae.config, tensors: await finiteWeights(vae) };
}

async function readModel(source: string, options: OpenPretrainedOptions): Promise<ModelInMemory> {
  await using vae = await openPretrained(source, options);
  return { config: vae.config, tensors: await finiteWeights(vae) };
}
