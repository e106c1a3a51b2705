/** What a recipe knows of one class of models that can be trained, beside the schema of its section. */
import type { PictureSize } from "../picture-size.ts";
import type { Problem } from "../problems.ts";
import type { ParsedRecipe } from "../schema.ts";

/** A config that the model's own parser has read, or what is wrong with it. */
export interface CheckedConfig {
  readonly value?: object;
  readonly problems: Problem[];
}

export interface RecipeRules<Section> {
  /** What the recipe's other sections are where they say nothing else. */
  readonly defaults: object;
  /** What they are beside a `loss.likelihood`, where that is something else. */
  readonly likelihoodDefaults?: object;
  /** The section with what follows from its pictures; what is wrong stays wrong, and the schema reports it. */
  complete(section: Record<string, unknown>, size: PictureSize): Record<string, unknown>;
  /** What the schema cannot check of the section. */
  check(section: Record<string, unknown>): CheckedConfig;
  /** What contradicts the section elsewhere in the recipe. @param config as `check` gives it. */
  problems(recipe: ParsedRecipe, section: Section, config: object | undefined): Iterable<Problem>;
  /** config.json's text of what `check` gives; left out where a recipe of the class has no config. */
  formatConfig?(config: object): string;
  /** Pixels of one latent. @param config as `check` gives it. */
  spatialFactor(config: object): number;
}

/** @param path keys joined by dots. */
export const problem = (path: string, message: string): Problem => ({ path: path.split("."), message });

export const isNothing = (value: unknown): boolean => value === undefined || value === null;

/** The multiples of `factor` on both sides of `side`. */
export function multiples(side: number, factor: number): string {
  const below = Math.floor(side / factor) * factor;
  return below === 0 ? `write ${factor}` : `write ${below} or ${below + factor}`;
}
