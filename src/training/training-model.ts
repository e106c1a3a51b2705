/** A recipe's model. */
import type { Recipe } from "../recipe/index.ts";
import { openAutoencoderKL } from "./autoencoder-kl-model.ts";
import { openMlp } from "./mlp-model.ts";
import type { TrainingModel } from "./trained-model.ts";

/** Opens what `recipe.model` names. */
export function openModel(recipe: Recipe, onNote?: (note: string) => void): Promise<TrainingModel> {
  return recipe.model.type === "mlp"
    ? Promise.resolve(openMlp(recipe, recipe.model))
    : openAutoencoderKL(recipe, recipe.model, onNote);
}
