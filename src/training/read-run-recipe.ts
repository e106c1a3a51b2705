/** The recipe that a run was started with. */
import { join } from "node:path";
import { checkOverrideOptions, parseOverridden, type OverrideOptions, type Recipe } from "../recipe/index.ts";
import { checkPath } from "../util/check-options.ts";
import { RunDirectory } from "./run-folder/index.ts";

/**
 * Reads the recipe of a run.
 *
 * @param directory the run's folder.
 * @param options what to change of it.
 * @throws NOT_FOUND when the folder holds no run; INVALID_FILE when its recipe is no JSON; INVALID_CONFIG, IO.
 */
export async function readRunRecipe(directory: string, options: OverrideOptions = {}): Promise<Recipe> {
  checkPath("readRunRecipe", directory, "the folder of a run");
  checkOverrideOptions("readRunRecipe", options);
  return parseOverridden(await RunDirectory.readRecipe(directory), join(directory, "recipe.json"), options);
}
