/** Recipes: the schema of a training run, its checks and its defaults. */
export { pictureSides, pictureSize, type PictureSize } from "./picture-size.ts";
export type { Path } from "./known-keys.ts";
export { applyOverrides, checkOverrideOptions, parseOverridden, type OverrideOptions } from "./overrides.ts";
export {
  formatRecipe,
  parseRecipe,
  type AutoencoderKLRecipe,
  type AutoencoderTinyRecipe,
  type MlpRecipe,
  type Recipe,
  type VQModelRecipe,
} from "./recipe.ts";
export { recipeForTensors, recipeOf, type RecipeObject, type TensorRecipe } from "./recipe-of.ts";
export { recipeJsonSchema, type JsonSchema } from "./schema.ts";
