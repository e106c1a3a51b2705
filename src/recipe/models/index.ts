/** The classes of models that a recipe can name: all that a recipe knows of each is in its file. */
import type { ParsedRecipe } from "../schema.ts";
import { autoencoderKLRules } from "./autoencoder-kl.ts";
import { autoencoderTinyRules } from "./autoencoder-tiny.ts";
import { mlpRules } from "./mlp.ts";
import type { RecipeRules } from "./recipe-rules.ts";
import { vqModelRules } from "./vq-model.ts";

type Model = ParsedRecipe["model"];
type ModelType = Model["type"];

const rules: { readonly [T in ModelType]: RecipeRules<Extract<Model, { type: T }>> } = {
  autoencoder_kl: autoencoderKLRules,
  autoencoder_tiny: autoencoderTinyRules,
  mlp: mlpRules,
  vq_model: vqModelRules,
};

/** The rules of a class; undefined for a type that no class has. */
export function rulesFor(type: ModelType): RecipeRules<Model>;
export function rulesFor(type: unknown): RecipeRules<Model> | undefined;
export function rulesFor(type: unknown): RecipeRules<Model> | undefined {
  if (typeof type !== "string" || !Object.hasOwn(rules, type)) return undefined;
  return rules[type as ModelType];
}
