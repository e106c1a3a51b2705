/** Recipes in files. */
export { readRecipe, readRecipeObject } from "./read-recipe.ts";
