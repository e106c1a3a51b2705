/** What a recipe is refused for, and the two smallest recipes to begin with. */
import { applyOverrides, parseRecipe } from "../../src/recipe/index.ts";

export type Section = Readonly<Record<string, unknown>>;

export const data = { path: "photos" };
export const mlp = { model: { type: "mlp" }, data: { path: "digits" } };

/** Whether a recipe takes these values, or what it says of them. */
export function refusal(source: Section, ...overrides: string[]): string | undefined {
  try {
    parseRecipe(applyOverrides(source, overrides));
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
