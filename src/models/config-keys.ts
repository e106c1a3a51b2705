/**
 * A class's config as a table of keys: read from a config.json or from an object that a caller wrote, in diffusers'
 * snake_case or in our camelCase, every value checked; and written back.
 */
import { VaekitError } from "../errors.ts";
import { describeValue, isRecord } from "../util/describe-value.ts";
import { adviceForName } from "../util/nearest-name.ts";
import { describeFound, describeKey, describeRefusal, type Check } from "./config-checks.ts";
import { classNameOf } from "./class-name.ts";

/** Where keys come from decides which names they may have, and what is said of unknown ones. */
export type ConfigSource =
  /** A model's config.json: diffusers' names; unknown ones are warned about, as in diffusers. */
  | "config.json"
  /** A file that somebody names to complete a single file: either names. Without `_class_name` it was typed. */
  | "given file"
  /** An object in a program: either names, and every unknown one is a mistake. */
  | "object";

/** The keys of a class's config. */
export interface ConfigTable<Config> {
  /** `_class_name` of its config.json; the first is ours, the others are read, too. */
  readonly classNames: readonly [string, ...string[]];
  /** Under our names. */
  readonly checks: { readonly [K in keyof Required<Config>]: Check<Config[K]> };
  /** Keys that diffusers writes beside these, which say nothing more. @default none */
  readonly ignored?: readonly string[];
}

/** Keys that passed their checks, under our names. */
export interface ReadKeys<Config> {
  readonly values: Partial<Config>;
  readonly warnings: string[];
  /** Whether it is a whole config.json, whose missing keys mean diffusers' defaults. */
  readonly isWhole: boolean;
}

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

/** The content of a class's config.json, whole or in part. */
export type ConfigJson<Config> = {
  readonly [K in keyof Config & string as SnakeCase<K>]?: Widened<Config[K]>;
} & {
  /** The model's class. */
  readonly _class_name?: string;
  /** The diffusers that wrote the file. Nothing here depends on it. */
  readonly _diffusers_version?: string;
};

/** diffusers' name of a key. */
export const snakeCase = (key: string): string =>
  key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** The keys under our names. */
export const keysOf = <Config>({ checks }: ConfigTable<Config>): (keyof Config & string)[] =>
  Object.keys(checks) as (keyof Config & string)[];

/**
 * Reads and checks the keys of a config, without completing it.
 *
 * @param subject what to call it in messages.
 * @throws INVALID_CONFIG when it is no object or another model's, for a wrong value, for an unknown key that nobody
 *   but the caller can have meant, and for one key in both spellings with different values.
 */
export function readKeys<Config extends object>(
  json: unknown,
  subject: string,
  source: ConfigSource,
  table: ConfigTable<Config>,
): ReadKeys<Config> {
  const { classNames, checks, ignored = [] } = table;
  const [ownName] = classNames;
  if (!isRecord(json)) throw notAConfig(json, subject, ownName);
  const className = classNameOf(json);
  if (className !== undefined && !classNames.some((name) => name === className)) {
    throw new VaekitError(
      "INVALID_CONFIG",
      `${subject}: expected the config of ${withArticle(ownName)}, found that of ${describeFound(className)}.`,
    );
  }
  const keys = keysOf(table);
  const isWhole = "_class_name" in json;
  const values: Partial<Record<string, unknown>> = {};
  const names: Partial<Record<string, string>> = {};
  const unknown: string[] = [];
  for (const [name, value] of Object.entries(json)) {
    if (name.startsWith("_") || value === undefined || ignored.includes(name)) continue;
    const key = keys.find((each) => name === snakeCase(each) || (name === each && source !== "config.json"));
    if (key === undefined) {
      unknown.push(name);
      continue;
    }
    const checked = checkedValue(checks[key], value, `${subject}: ${name}`);
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
  if (unknown.length > 0 && isTyped) throw unknownKey(unknown[0]!, json, subject, table);
  const warnings = unknown.length > 0 ? [unknownWarning(unknown, subject, ownName)] : [];
  return { values: values as Partial<Config>, warnings, isWhole };
}

const withArticle = (className: string): string => `${/^[AEIOU]/.test(className) ? "an" : "a"} ${className}`;

function notAConfig(json: unknown, subject: string, className: string): VaekitError {
  const isData = typeof json !== "object" || json === null || Array.isArray(json);
  const found = isData ? describeFound(json) : describeValue(json);
  return new VaekitError(
    "INVALID_CONFIG",
    `${subject}: expected an object with ${className}'s config, found ${found}.`,
  );
}

function checkedValue<T>(check: Check<T>, value: unknown, subject: string): T {
  const result = check(value);
  if ("value" in result) return result.value;
  throw new VaekitError("INVALID_CONFIG", `${subject}: ${describeRefusal(result, value)}.`);
}

/** The nearest name in the spelling that the caller uses. */
function unknownKey<Config extends object>(
  name: string,
  json: object,
  subject: string,
  table: ConfigTable<Config>,
): VaekitError {
  const keys: readonly string[] = keysOf(table);
  const isSnake = name.includes("_") || Object.keys(json).some((key) => key.includes("_"));
  const advice = adviceForName(name, isSnake ? keys.map(snakeCase) : keys, "keys");
  return new VaekitError(
    "INVALID_CONFIG",
    `${subject}: ${table.classNames[0]} has no key ${describeKey(name)}; ${advice}`,
  );
}

/** How many unknown keys a warning lists before it counts the rest. */
const maxListed = 10;

function unknownWarning(unknown: readonly string[], subject: string, className: string): string {
  const shown = unknown.slice(0, maxListed).map(describeKey).join(", ");
  const more = unknown.length > maxListed ? ` and ${unknown.length - maxListed} more` : "";
  return `${subject}: ignored keys that ${className} does not have: ${shown}${more}.`;
}

/** How many contradictions a message names. */
const maxNamed = 3;

/**
 * @param shapes what the shapes of tensors say.
 * @param said the keys of it that they leave no doubt of.
 * @throws INVALID_CONFIG when a caller's keys contradict them: they belong to another file.
 */
export function refuseContradictions<Config extends object>(
  shapes: Partial<Config>,
  said: Iterable<keyof Config & string>,
  given: Partial<Config>,
  subject: string,
): void {
  const wrong = [...said].filter(
    (key) => given[key] !== undefined && JSON.stringify(given[key]) !== JSON.stringify(shapes[key]),
  );
  if (wrong.length === 0) return;
  const found = wrong.slice(0, maxNamed).map((key) => {
    return `${snakeCase(key)}: expected ${describeFound(shapes[key])}, found ${describeFound(given[key])}`;
  });
  const more = wrong.length > maxNamed ? ` and ${wrong.length - maxNamed} more` : "";
  throw new VaekitError(
    "INVALID_CONFIG",
    `${subject}: the config contradicts the shapes of the file's tensors: ${found.join("; ")}${more}. Leave these keys out, or take the config that belongs to the file.`,
  );
}

/**
 * A config that is said to be whole: every key, each of its kind.
 *
 * @throws INVALID_CONFIG on the first that is not, and what makes one whole.
 */
export function checkKeys<Config extends object>(
  config: unknown,
  subject: string,
  table: ConfigTable<Config>,
): asserts config is Config {
  if (typeof config !== "object" || config === null || Array.isArray(config)) {
    const found = describeFound(config);
    const message = `${subject}: expected ${table.classNames[0]}'s config, found ${found}.`;
    throw new VaekitError("INVALID_CONFIG", message);
  }
  for (const [key, check] of Object.entries<Check<unknown>>(table.checks)) {
    const value: unknown = Reflect.get(config, key);
    const result = check(value);
    if ("value" in result) continue;
    const remedy = value === undefined ? " completeConfig adds what is missing." : "";
    const message = `${subject}: ${key}: ${describeRefusal(result, value)}.${remedy}`;
    throw new VaekitError("INVALID_CONFIG", message);
  }
}

/** The version of diffusers whose format we write; it reads `_diffusers_version` only to warn. */
const diffusersVersion = "0.40.0";

/** config.json's text, as diffusers writes it: sorted keys, two spaces, a final newline. */
export function configText(className: string, values: Readonly<Record<string, unknown>>): string {
  const entries: [string, unknown][] = [
    ["_class_name", className],
    ["_diffusers_version", diffusersVersion],
    ...Object.entries(values).map(([key, value]): [string, unknown] => [snakeCase(key), value]),
  ];
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`;
}
