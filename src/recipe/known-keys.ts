/** What the schema says about a place in a recipe: its keys, what it expects, and which key a wrong one is near. */
import { joinNames, nearestName } from "../util/nearest-name.ts";
import { isObject } from "./key-case.ts";
import { autoencoderTiny, vqModel } from "../models/index.ts";
import { configKeys } from "./model-schema.ts";
import type { JsonSchema } from "./schema.ts";

export type Path = readonly PropertyKey[];

export const formatPath = (path: Path): string => path.map(String).join(".");

/**
 * The schema of one place. Where it depends on the `type` beside it, `value` (the whole recipe) decides.
 *
 * @returns undefined when the recipe has no such place.
 */
export function schemaAt(schema: JsonSchema, value: unknown, path: Path): JsonSchema | undefined {
  const here = branchFor(schema, value);
  const [key, ...rest] = path;
  if (key === undefined) return here;
  const next =
    typeof key === "number"
      ? (here.prefixItems?.[key] ?? (typeof here.items === "object" ? here.items : undefined))
      : here.properties?.[String(key)];
  if (next === undefined) return undefined;
  const child: unknown = isObject(value) || Array.isArray(value) ? Reflect.get(value, key) : undefined;
  return schemaAt(next, child, rest);
}

/** The keys that tell alternatives apart. */
const discriminators = ["type", "distribution"] as const;

/** Of the alternatives for an object, the one whose `type` or `distribution` is the object's; else the schema itself. */
function branchFor(schema: JsonSchema, value: unknown): JsonSchema {
  const branches = schema.oneOf ?? schema.anyOf;
  if (branches === undefined) return schema;
  if (!isObject(value)) return schema;
  const objects = branches
    .map((branch) => branchFor(branch, value))
    .filter((branch) => branch.properties !== undefined);
  const isMeant = ({ properties = {} }: JsonSchema): boolean =>
    discriminators.some((key) => value[key] !== undefined && properties[key]?.const === value[key]);
  return objects.find(isMeant) ?? objects[0] ?? schema;
}

/** What a place expects, in words. */
export function describe(schema: JsonSchema | undefined): string {
  if (schema === undefined) return "another value";
  const branches = schema.oneOf ?? schema.anyOf;
  if (branches !== undefined) return [...new Set(branches.map(describe))].join(", or ");
  if (schema.enum !== undefined) return listOf(schema.enum);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.type === "array") return describeList(schema);
  if (schema.type === "object") {
    return schema.properties === undefined
      ? "keys with values"
      : `the keys ${listOf(Object.keys(schema.properties), "and")}`;
  }
  const name = {
    integer: "a whole number",
    number: "a number",
    string: schema.minLength === undefined ? "a text" : "a text that is not empty",
    boolean: "true or false",
  };
  const known = Object.entries(name).find(([type]) => type === schema.type)?.[1];
  return `${known ?? schema.type ?? "another value"}${bounds(schema)}`;
}

function describeList(schema: JsonSchema): string {
  const { prefixItems, items, minItems = 0 } = schema;
  if (prefixItems !== undefined) return `a list of ${prefixItems.length}, each ${describe(prefixItems[0])}`;
  const item = describe(typeof items === "object" ? items : undefined);
  return `a list${minItems > 0 ? " that is not empty" : ""}, each item ${item}`;
}

function bounds(schema: JsonSchema): string {
  const parts = [
    schema.minimum === undefined ? "" : `from ${schema.minimum}`,
    schema.exclusiveMinimum === undefined ? "" : `above ${schema.exclusiveMinimum}`,
    schema.maximum === undefined ? "" : `to ${schema.maximum}`,
    schema.exclusiveMaximum === undefined ? "" : `below ${schema.exclusiveMaximum}`,
  ].filter((part) => part !== "");
  if (schema.minimum !== undefined && parts.length === 1) return ` of at least ${schema.minimum}`;
  return parts.length === 0 ? "" : ` ${parts.join(" ")}`;
}

/** "a, b or c", whatever the values are. */
export const listOf = (values: readonly unknown[], joint: "and" | "or" = "or"): string =>
  joinNames(values.map(String), joint);

/** What to write instead of an unknown key: a near key of the same place, the key's real place, or all keys. */
export function adviceFor(wrong: string, path: Path, keys: readonly string[], schema: JsonSchema): string {
  const near = nearestName(wrong, keys);
  if (near !== undefined) return `did you mean ${near}?`;
  const ofConfigs = [...new Set([...configKeys, ...vqModel.config.keys, ...autoencoderTiny.config.keys])];
  const all = [...pathsOf(schema, []), ...ofConfigs.map((key) => ["model", "config", key])];
  const places = all.sort((a, b) => a.length - b.length).map(formatPath);
  if (places.includes(formatPath([...path, wrong]))) {
    return `only another type of ${formatPath(path)} has it; the keys here are ${listOf(keys, "and")}.`;
  }
  const elsewhere = places.filter((place) => place === wrong || place.endsWith(`.${wrong}`));
  const meant = synonyms[wrong] === undefined ? elsewhere.slice(0, 3) : [synonyms[wrong]];
  return meant.length > 0 ? `did you mean ${listOf(meant)}?` : `the keys here are ${listOf(keys, "and")}.`;
}

/** Names that other programs use, and where ours are. */
const synonyms: Readonly<Record<string, string>> = {
  lr: "optimizer.learning_rate",
  eps: "optimizer.epsilon",
  wd: "optimizer.weight_decay",
  max_grad_norm: "optimizer.clip_norm",
  warmup: "schedule.warmup_steps",
  lr_scheduler: "schedule.type",
  lr_warmup_steps: "schedule.warmup_steps",
  max_steps: "steps",
  max_train_steps: "steps",
  num_train_epochs: "epochs",
  train_batch_size: "batch_size",
  gradient_accumulation_steps: "accumulate",
  kl_weight: "loss.kl.weight",
  kl_scale: "loss.kl.weight",
  codebook_weight: "model.quantizer.weight",
  commitment_cost: "model.quantizer.beta",
  beta: "loss.kl.weight",
  perceptual_weight: "loss.perceptual.weight",
  disc_start: "loss.adversarial.start_step",
  disc_weight: "loss.adversarial.weight",
  disc_loss: "loss.adversarial.loss",
  size: "data.resolution",
  pretrained_model_name_or_path: "model.pretrained",
};

/** The paths of all keys of the schema, once each. */
function pathsOf(schema: JsonSchema, prefix: readonly string[]): string[][] {
  const inner = (schema.oneOf ?? schema.anyOf ?? []).flatMap((branch) => pathsOf(branch, prefix));
  const own = Object.entries(schema.properties ?? {}).flatMap(([key, child]) => [
    [...prefix, key],
    ...pathsOf(child, [...prefix, key]),
  ]);
  const unique = new Map([...inner, ...own].map((path) => [formatPath(path), path]));
  return [...unique.values()];
}
