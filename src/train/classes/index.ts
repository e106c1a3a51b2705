/** The classes of models that can be trained, by what a recipe calls them. */
import type { Recipe } from "../../recipe/index.ts";
import type { RecipeWeights } from "../recipe-weights.ts";
import type { TrainableModel } from "../trainable-model.ts";
import { openAutoencoderKL } from "./autoencoder-kl.ts";
import { openAutoencoderTiny } from "./autoencoder-tiny.ts";
import { openMlpVae } from "./mlp-vae.ts";
import { openVQModel } from "./vq-model.ts";

type ModelRecipe = Recipe["model"];

type Open<Section> = (recipe: Recipe, model: Section, weights: RecipeWeights) => TrainableModel;

const classes: { readonly [T in ModelRecipe["type"]]: Open<Extract<ModelRecipe, { type: T }>> } = {
  autoencoder_kl: openAutoencoderKL,
  autoencoder_tiny: openAutoencoderTiny,
  mlp: openMlpVae,
  vq_model: openVQModel,
};

/**
 * What `recipe.model` names, ready to be trained.
 *
 * @throws INVALID_CONFIG when it does not fit the data; UNSUPPORTED when weights are missing that it names.
 */
export function openTrainable(recipe: Recipe, weights: RecipeWeights = {}): TrainableModel {
  const open = classes[recipe.model.type] as Open<ModelRecipe>;
  return open(recipe, recipe.model, weights);
}
