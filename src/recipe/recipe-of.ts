/** What a program may hand over as a recipe: a plain object as in a recipe file, or a recipe that was parsed before. */
import type { z } from "zod";
import { checkBounds } from "./bounds.ts";
import { isObject, renameKeys, snakeCase } from "./key-case.ts";
import type { PictureSize } from "./picture-size.ts";
import { asMapping, isParsedRecipe, parseRecipe, type Recipe } from "./recipe.ts";
import type { recipeSchema } from "./schema.ts";

/** As a program may write it down: lists that nobody changes. */
type ReadonlyDeep<T> = T extends (infer Item)[]
  ? readonly ReadonlyDeep<Item>[]
  : T extends object
    ? { readonly [K in keyof T]: ReadonlyDeep<T[K]> }
    : T;

type Input = ReadonlyDeep<z.input<typeof recipeSchema>>;
type Section<K extends "data" | "model", Type extends string> = Extract<Input[K], { type: Type }>;
type Untyped<S> = Omit<S, "type"> & { readonly type?: undefined };

/** A recipe as its file has it: keys in snake_case, whatever has a default may be left out. */
export type RecipeObject = Omit<Input, "data" | "model"> & {
  /** Without a `type`: a folder of pictures, or MNIST's for an mlp. */
  readonly data:
    | Input["data"]
    | Untyped<Section<"data", "images">>
    | Untyped<Section<"data", "mnist">>
    | Untyped<Section<"data", "tensors">>;
  /** Without a `type`: an AutoencoderKL. */
  readonly model?: Input["model"] | Untyped<Section<"model", "autoencoder_kl">>;
};

/** A recipe whose pictures are handed over with it, so that it says nothing of where they are. */
export type TensorRecipe = Omit<RecipeObject, "data"> & Partial<Pick<RecipeObject, "data">>;

/**
 * The recipe for pictures that are handed over. Of a recipe for pictures in files, what is about the files is left out.
 *
 * @param size of the pictures.
 * @throws INVALID_CONFIG as {@link parseRecipe} does.
 */
export function recipeForTensors(value: Recipe | TensorRecipe, size: PictureSize, subject: string): Recipe {
  const recipe = asMapping(isParsedRecipe(value) ? inFileCase(value, subject) : value, subject);
  const { data = {} } = recipe;
  if (!isObject(data)) return parseRecipe(recipe, subject);
  const isForTensors = data.type === undefined || data.type === "tensors";
  const kept = isForTensors
    ? data
    : Object.fromEntries(Object.entries(data).filter(([key]) => sharedKeys.has(key)));
  return parseRecipe({ ...recipe, data: { ...size, ...kept, type: "tensors" } }, subject);
}

/** What every kind of data has. */
const sharedKeys = new Set(["range", "keep_last"]);

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
