/**
 * The config of an AutoencoderKL as it comes: the content of a config.json, or keys that a caller gives, in diffusers'
 * snake_case or in our camelCase; and back to config.json.
 */
import { VaekitError } from "../../errors.ts";
import { channelsWithFactor, ignoresDefaultFactor } from "../../latents/scaling.ts";
import { describeValue, isRecord } from "../../util/describe-value.ts";
import { adviceForName } from "../../util/nearest-name.ts";
import {
  checkConfig,
  configChecks,
  configKeys,
  snakeCase,
  withDefaults,
  type AutoencoderKLConfig,
  type ConfigKey,
} from "./keys.ts";
import { describeFound, describeKey, describeRefusal } from "../config-checks.ts";
import type { ParsedConfig } from "../model.ts";
import { classNameOf, refuseClass } from "../other-models.ts";

export {
  activationNames,
  defaultConfig,
  downBlockTypes,
  spatialFactor,
  upBlockTypes,
  type ActivationName,
  type AutoencoderKLConfig,
  type DownBlockType,
  type UpBlockType,
} from "./keys.ts";

/** `blockOutChannels` → `block_out_channels`, as a type. */
type SnakeCase<Key extends string> = Key extends `${infer Head}${infer Tail}`
  ? `${Head extends Lowercase<Head> ? Head : `_${Lowercase<Head>}`}${SnakeCase<Tail>}`
  : Key;

/** As JSON.parse types it: any text where only some will do. */
type Widened<T> = T extends string
  ? string
  : T extends readonly (infer Item)[]
    ? readonly Widened<Item>[]
    : T;

/** The content of diffusers' config.json, whole or in part. */
export type AutoencoderKLConfigJson = {
  readonly [K in ConfigKey as SnakeCase<K>]?: Widened<AutoencoderKLConfig[K]>;
} & {
  /** The model's class: "AutoencoderKL". */
  readonly _class_name?: string;
  /** The diffusers that wrote the file. Nothing here depends on it. */
  readonly _diffusers_version?: string;
};

/** Keys of a config that a caller gives, under our names or diffusers'. */
export type GivenConfig = Partial<AutoencoderKLConfig> | AutoencoderKLConfigJson;

/** Where keys come from decides which names they may have, and what is said of unknown ones. */
type Source =
  /** A model's config.json: diffusers' names; unknown ones are warned about, as in diffusers. */
  | "config.json"
  /** A file that somebody names to complete a single file: either names. Without `_class_name` it was typed. */
  | "given file"
  /** An object in a program: either names, and every unknown one is a mistake. */
  | "object";

/** Keys that passed their checks, under our names. */
export interface ReadConfig {
  readonly values: Partial<AutoencoderKLConfig>;
  readonly warnings: string[];
  /** Whether it is a whole config.json, whose missing keys mean diffusers' defaults. */
  readonly isWhole: boolean;
}

/** `_class_name` of its config.json; the second is that of repositories from diffusers' Flax days. */
export const classNames = ["AutoencoderKL", "FlaxAutoencoderKL"] as const;

const keysByName: ReadonlyMap<string, ConfigKey> = new Map(
  configKeys.flatMap((key): [string, ConfigKey][] => [
    [snakeCase(key), key],
    [key, key],
  ]),
);
/** The keys of its config.json. */
export const snakeNames: readonly string[] = configKeys.map(snakeCase);

/**
 * Reads and checks the keys of a config, without completing it.
 *
 * @param subject what to call it in messages.
 * @throws INVALID_CONFIG when it is no object or another model's, for a wrong value, for an unknown key that nobody
 *   but the caller can have meant, and for one key in both spellings with different values; UNSUPPORTED when it is
 *   another autoencoder's.
 */
export function readConfig(json: unknown, subject: string, source: Source): ReadConfig {
  if (!isRecord(json)) throw notAConfig(json, subject);
  const className = classNameOf(json);
  if (className !== undefined && !classNames.some((name) => name === className)) {
    refuseClass(className, "an AutoencoderKL", subject);
  }
  const isWhole = "_class_name" in json;
  const values: Partial<Record<ConfigKey, unknown>> = {};
  const names: Partial<Record<ConfigKey, string>> = {};
  const unknown: string[] = [];
  for (const [name, value] of Object.entries(json)) {
    if (name.startsWith("_") || value === undefined) continue;
    const key = source === "config.json" && !snakeNames.includes(name) ? undefined : keysByName.get(name);
    if (key === undefined) {
      unknown.push(name);
      continue;
    }
    const checked = checkedValue(key, value, `${subject}: ${name}`);
    const other = names[key];
    if (other !== undefined && JSON.stringify(values[key]) !== JSON.stringify(checked)) {
      throw new VaekitError(
        "INVALID_CONFIG",
        `${subject}: ${other} is ${describeFound(values[key])}, but ${name}, the same key, is ${describeFound(checked)}. Leave one of them out.`,
      );
    }
    values[key] = checked;
    names[key] = name;
  }
  const isTyped = source === "object" || (source === "given file" && !isWhole);
  if (unknown.length > 0 && isTyped) throw unknownKey(unknown[0]!, json, subject);
  const warnings = unknown.length > 0 ? [unknownWarning(unknown, subject)] : [];
  return { values: values as Partial<AutoencoderKLConfig>, warnings, isWhole };
}

function notAConfig(json: unknown, subject: string): VaekitError {
  const isData = typeof json !== "object" || json === null || Array.isArray(json);
  const found = isData ? describeFound(json) : describeValue(json);
  return new VaekitError(
    "INVALID_CONFIG",
    `${subject}: expected an object with AutoencoderKL's config, found ${found}.`,
  );
}

function checkedValue(key: ConfigKey, value: unknown, subject: string): unknown {
  const result = configChecks[key](value);
  if ("value" in result) return result.value;
  const message = `${subject}: ${describeRefusal(result, value)}.`;
  throw new VaekitError("INVALID_CONFIG", message);
}

/** The nearest name in the spelling that the caller uses. */
function unknownKey(name: string, json: object, subject: string): VaekitError {
  const isSnake = name.includes("_") || Object.keys(json).some((key) => key.includes("_"));
  const advice = adviceForName(name, isSnake ? snakeNames : configKeys, "keys");
  return new VaekitError(
    "INVALID_CONFIG",
    `${subject}: AutoencoderKL has no key ${describeKey(name)}; ${advice}`,
  );
}

/** How many unknown keys a warning lists before it counts the rest. */
const maxListed = 10;

function unknownWarning(unknown: readonly string[], subject: string): string {
  const shown = unknown.slice(0, maxListed).map(describeKey).join(", ");
  const more = unknown.length > maxListed ? ` and ${unknown.length - maxListed} more` : "";
  return `${subject}: ignored keys that AutoencoderKL does not have: ${shown}${more}.`;
}

/**
 * Completes a partial config with diffusers' defaults and checks every value.
 *
 * @param partial keys under our names or diffusers'.
 * @throws INVALID_CONFIG on an unknown key, a value of the wrong kind or size, or values that contradict each other.
 */
export function completeConfig(partial: GivenConfig, subject = "config"): AutoencoderKLConfig {
  return withDefaults(readConfig(partial, subject, "object").values, subject);
}

/**
 * Reads the content of a diffusers config.json.
 *
 * @param json the parsed JSON.
 * @param subject what to call it in messages: its path.
 * @returns the config, and warnings: keys that AutoencoderKL does not know (they are ignored), and what was assumed
 *   of the latents' scaling.
 * @throws INVALID_CONFIG when it is another model's config, or a value is wrong; UNSUPPORTED for other autoencoders.
 */
export function parseConfig(json: unknown, subject: string): ParsedConfig<AutoencoderKLConfig> {
  const { values, warnings } = readConfig(json, subject, "config.json");
  const config = withDefaults(values, subject);
  return { config, warnings: [...warnings, ...scalingWarnings(values, config, subject)] };
}

/**
 * What a config leaves open about the latents' scaling, and what was taken for it.
 *
 * @param values the keys that the config has.
 * @param config the same, completed.
 */
export function scalingWarnings(
  values: Partial<AutoencoderKLConfig>,
  config: AutoencoderKLConfig,
  subject: string,
): string[] {
  const { scalingFactor, latentsMean, latentsStd } = config;
  if ((latentsMean === null) !== (latentsStd === null)) {
    const [there, absent] = latentsMean === null ? ["std", "mean"] : ["mean", "std"];
    return [
      `${subject}: ignored latents_${there}: it counts only together with latents_${absent}, which is not there.`,
    ];
  }
  if (ignoresDefaultFactor(config)) {
    return [
      `${subject}: ignored scaling_factor ${scalingFactor}, the default that diffusers writes: pipelines of ${config.latentChannels}-channel models with latents_mean and latents_std divide by the std alone.`,
    ];
  }
  if (scalingFactor === null && config.latentChannels === channelsWithFactor) {
    return [
      `${subject}: has no scaling_factor beside latents_mean and latents_std; latents are divided by the std alone. Pipelines of Stable Diffusion XL multiply by a factor, too: add it if this is such a model.`,
    ];
  }
  if (values.scalingFactor !== undefined || scalingFactor === null || isPlain(config)) return [];
  return [
    `${subject}: has no scaling_factor; diffusers' default ${scalingFactor}, that of Stable Diffusion 1, is assumed. Add the right one if this is another model.`,
  ];
}

/**
 * A model like Stable Diffusion 1 and 2, whose config.json never had a scaling_factor: diffusers' default is theirs.
 */
function isPlain(config: AutoencoderKLConfig): boolean {
  const { latentChannels, inChannels, outChannels, useQuantConv, usePostQuantConv, shiftFactor } = config;
  const isRgb = inChannels === 3 && outChannels === 3;
  return latentChannels === 4 && isRgb && useQuantConv && usePostQuantConv && shiftFactor === null;
}

/** The version of diffusers whose format we write; it reads `_diffusers_version` only to warn. */
const diffusersVersion = "0.40.0";

/**
 * config.json's text, as diffusers writes it: sorted keys, two spaces, a final newline. A config without a scaling
 * factor stays without the key, as its file was.
 */
export function formatConfig(config: AutoencoderKLConfig): string {
  checkConfig(config, "formatConfig");
  const entries: [string, unknown][] = [
    ["_class_name", classNames[0]],
    ["_diffusers_version", diffusersVersion],
    ...configKeys
      .filter((key) => key !== "scalingFactor" || config.scalingFactor !== null)
      .map((key): [string, unknown] => [snakeCase(key), config[key]]),
  ];
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`;
}
