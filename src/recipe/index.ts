/** Recipes: the schema of a training run, its checks and its defaults. */
export type { Path } from "./known-keys.ts";
export { applyOverrides } from "./overrides.ts";
export {
  formatRecipe,
  parseRecipe,
  type AutoencoderKLRecipe,
  type MlpRecipe,
  type Recipe,
} from "./recipe.ts";
export { recipeJsonSchema, type JsonSchema } from "./schema.ts";
