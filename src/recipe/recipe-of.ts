/** What a program may hand over as a recipe: a plain object as in a recipe file, or a recipe that was parsed before. */
import type { z } from "zod";
import { checkBounds } from "./bounds.ts";
import { renameKeys, snakeCase } from "./key-case.ts";
import { isParsedRecipe, parseRecipe, type Recipe } from "./recipe.ts";
import type { recipeSchema } from "./schema.ts";

type Input = z.input<typeof recipeSchema>;
type Section<K extends "data" | "model", Type extends string> = Extract<Input[K], { type: Type }>;
type Untyped<S> = Omit<S, "type"> & { readonly type?: undefined };

/** A recipe as its file has it: keys in snake_case, whatever has a default may be left out. */
export type RecipeObject = Omit<Input, "data" | "model"> & {
  /** Without a `type`: a folder of pictures, or MNIST's for an mlp. */
  readonly data: Input["data"] | Untyped<Section<"data", "images">> | Untyped<Section<"data", "mnist">>;
  /** Without a `type`: an AutoencoderKL. */
  readonly model?: Input["model"] | Untyped<Section<"model", "autoencoder_kl">>;
};

/**
 * The recipe that is meant, checked. One that was parsed before is checked again: programs change parts of it.
 *
 * @throws INVALID_CONFIG as {@link parseRecipe} does.
 */
export function recipeOf(value: Recipe | RecipeObject, subject?: string): Recipe {
  return parseRecipe(isParsedRecipe(value) ? inFileCase(value, subject) : value, subject);
}

function inFileCase(recipe: Recipe, subject = "recipe"): unknown {
  checkBounds(recipe, subject);
  return renameKeys(recipe, snakeCase);
}
