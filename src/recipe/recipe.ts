/** Recipes: from a plain object (of a YAML or JSON file) to a checked, complete `Recipe`, and back. */
import { VaekitError } from "../errors.ts";
import type { AutoencoderKLConfig, AutoencoderTinyConfig, VQModelConfig } from "../models/index.ts";
import { checkBounds } from "./bounds.ts";
import { crossProblems } from "./cross-checks.ts";
import { camelCase, isObject, renameKeys, snakeCase, type CamelKeys } from "./key-case.ts";
import { checkValue, optionKinds, type OptionKind } from "../util/check-options.ts";
import { rulesFor } from "./models/index.ts";
import { prepare } from "./prepare.ts";
import { formatFound, problemsOf, recipeError } from "./problems.ts";
import { recipeSchema, type ParsedRecipe } from "./schema.ts";

type Camel = CamelKeys<ParsedRecipe>;
type ModelOf<Type extends string> = Extract<Camel["model"], { type: Type }>;

/** What an `autoencoder_kl` recipe trains: from scratch by `config`, or from `pretrained`; the other one is null. */
export type AutoencoderKLRecipe = Omit<ModelOf<"autoencoder_kl">, "config"> & {
  /** The whole config; null where a pretrained model has it. */
  readonly config: AutoencoderKLConfig | null;
};
/** What an `autoencoder_tiny` recipe trains: from scratch by `config`, or from `pretrained`; the other one is null. */
export type AutoencoderTinyRecipe = Omit<ModelOf<"autoencoder_tiny">, "config"> & {
  /** The whole config; null where a pretrained model has it. */
  readonly config: AutoencoderTinyConfig | null;
};
/** What a `vq_model` recipe trains: from scratch by `config`, or from `pretrained`; the other one is null. */
export type VQModelRecipe = Omit<ModelOf<"vq_model">, "config"> & {
  /** The whole config; null where a pretrained model has it. */
  readonly config: VQModelConfig | null;
};
/** What an `mlp` recipe trains: a fully connected VAE of rows. */
export type MlpRecipe = ModelOf<"mlp">;

/** Everything that decides a training run, complete and checked. Exactly one of `steps` and `epochs` is a number. */
export type Recipe = Omit<Camel, "model"> & {
  /** What is trained. */
  readonly model: AutoencoderKLRecipe | AutoencoderTinyRecipe | VQModelRecipe | MlpRecipe;
};

/**
 * Checks a recipe and completes it with defaults.
 *
 * @param value the content of a recipe file, or a plain object like it: keys in snake_case.
 * @param subject what to call it in messages: its path.
 * @param locate where in the file a path stands, e.g. "line 12", for the messages.
 * @throws INVALID_CONFIG that lists every problem: unknown keys, wrong types, values out of range, contradictions.
 */
export function parseRecipe(
  value: unknown,
  subject = "recipe",
  locate?: (path: readonly PropertyKey[]) => string | undefined,
): Recipe {
  checkValue("parseRecipe: subject", subject, optionKinds.text);
  if (locate !== undefined) checkValue("parseRecipe: locate", locate, optionKinds.callback);
  const prepared = prepare(asMapping(value, subject));
  const result = recipeSchema.safeParse(prepared);
  const { model: section } = prepared;
  const config = isObject(section) ? rulesFor(section.type)?.check(section) : undefined;
  const problems = result.success
    ? crossProblems(result.data, config?.value)
    : problemsOf(result.error.issues, prepared);
  problems.push(...(config?.problems ?? []));
  if (!result.success || problems.length > 0) throw recipeError(problems, subject, locate);
  const { model, ...rest } = result.data;
  const recipe = renameKeys(rest, camelCase) as Omit<Recipe, "model">;
  return { ...recipe, model: modelOf(model, config?.value) };
}

/** The section as programs have it. @param config as its class has read it. */
function modelOf(section: ParsedRecipe["model"], config: object | undefined): Recipe["model"] {
  if (!("config" in section)) return renameKeys(section, camelCase) as MlpRecipe;
  const rest = renameKeys({ ...section, config: null }, camelCase) as object;
  return { ...rest, config: config ?? null } as Exclude<Recipe["model"], MlpRecipe>;
}

/** @throws INVALID_CONFIG unless it is an object of a recipe's size. */
export function asMapping(value: unknown, subject: string): Record<string, unknown> {
  checkBounds(value, subject);
  if (isObject(value)) return value;
  throw new VaekitError(
    "INVALID_CONFIG",
    `${subject}: expected a recipe, that is keys such as data, model and loss; found ${formatFound(value)}.`,
  );
}

const parsedKeys = Object.keys(recipeSchema.shape).map(camelCase);

/** Whether a value is what {@link parseRecipe} gives, or a changed copy: only that has all of a recipe's keys in camelCase. */
export function isParsedRecipe(value: unknown): value is Recipe {
  if (!isObject(value) || !parsedKeys.every((key) => Object.hasOwn(value, key))) return false;
  return isObject(value.model) && isObject(value.data);
}

const isKnownType = (type: unknown): boolean => rulesFor(type) !== undefined;

const parsedKind: OptionKind = {
  expected: "a Recipe, as parseRecipe gives",
  fits: (value) => isParsedRecipe(value) && isKnownType(value.model.type),
};

/**
 * The recipe as its file has it: snake_case, every default written out. `parseRecipe` of it gives the same recipe.
 *
 * @throws INVALID_ARGUMENT on anything else than a parsed recipe; INVALID_CONFIG on a wrong config in it.
 */
export function formatRecipe(recipe: Recipe): Record<string, unknown> {
  checkValue("formatRecipe", recipe, parsedKind);
  checkBounds(recipe, "recipe");
  const formatted = renameKeys(recipe, snakeCase) as Record<string, unknown>;
  if (!("config" in recipe.model) || recipe.model.config === null) return formatted;
  const text = rulesFor(recipe.model.type).formatConfig!(recipe.model.config);
  const file = JSON.parse(text) as Record<string, unknown>;
  const config = Object.fromEntries(Object.entries(file).filter(([key]) => !key.startsWith("_")));
  return { ...formatted, model: { ...(formatted.model as Record<string, unknown>), config } };
}
