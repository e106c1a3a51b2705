/** How a config.json of one of these classes is read, completed and written. */
import {
  checkKeys,
  configText,
  keysOf,
  readKeys,
  snakeCase,
  type ConfigJson,
  type ConfigTable,
} from "../config-keys.ts";
import type { ConfigSchema, ParsedConfig, TensorShapes } from "../model.ts";
import { checkArchitecture, type Architecture } from "./architecture.ts";
import type { FoundNetwork } from "./infer-architecture.ts";
import { checkPatches, checkStatistics, type WanBlocksConfig, type WanKeys } from "./keys.ts";

/** A class's config: its keys, diffusers' defaults, and what network a whole one is of. */
export interface WanConfigs<Config extends WanBlocksConfig> {
  readonly table: ConfigTable<Config>;
  /** diffusers' values of the keys that a config.json leaves out. */
  readonly defaults: Config;
  readonly architectureOf: (config: Config) => Architecture;
}

/** One of the classes. */
export interface WanClass<Config extends WanBlocksConfig> extends WanConfigs<Config> {
  /** Whether what is decoded in diffusers' tiles is clamped, as a whole picture is. @default true */
  readonly clampsTiles?: boolean;
  /** Whether tensors of such a network are this class's. */
  readonly recognizes: (tensors: TensorShapes) => boolean;
  /** The keys that a network says. */
  readonly keysOfNetwork: (network: FoundNetwork) => Partial<Config>;
}

/** Reads and writes a config.json. */
export function schemaOf<Config extends WanBlocksConfig>(configs: WanConfigs<Config>): ConfigSchema<Config> {
  const { table } = configs;
  return {
    keys: keysOf(table).map(snakeCase),
    parse: (json, subject): ParsedConfig<Config> => {
      const { values, warnings } = readKeys(json, subject, "config.json", table);
      return { config: completed(values, configs, subject), warnings };
    },
    format: (config) => {
      checkWhole(config, configs, "formatConfig");
      return configText(table.classNames[0], { ...(config as object) });
    },
  };
}

/** Keys of a config that a caller gives, under our names or diffusers'. */
export type GivenKeys<Config> = Partial<Config> | ConfigJson<Config>;

/**
 * A whole config of keys that a caller gives, and diffusers' defaults.
 *
 * @throws INVALID_CONFIG on an unknown key, a wrong value, or values that contradict each other.
 */
export function completedKeys<Config extends WanBlocksConfig>(
  given: GivenKeys<Config>,
  configs: WanConfigs<Config>,
): Config {
  return completed(readKeys(given, "config", "object", configs.table).values, configs, "config");
}

/** @throws INVALID_CONFIG on values that contradict each other. */
export function completed<Config extends WanBlocksConfig>(
  values: Partial<Config>,
  configs: WanConfigs<Config>,
  subject: string,
): Config {
  const config: Config = { ...configs.defaults, ...values };
  checkTogether(config, configs, subject);
  return Object.freeze(config);
}

/** @throws INVALID_CONFIG on the first key that is missing or wrong, and on values that contradict each other. */
export function checkWhole<Config extends WanBlocksConfig>(
  config: unknown,
  configs: WanConfigs<Config>,
  subject: string,
): asserts config is Config {
  checkKeys(config, subject, configs.table);
  checkTogether(config, configs, subject);
}

function checkTogether<Config extends WanBlocksConfig>(
  config: Config,
  { architectureOf }: WanConfigs<Config>,
  subject: string,
): void {
  checkStatistics(config, subject);
  if ("patchSize" in config) checkPatches(config as unknown as WanKeys, subject);
  checkArchitecture(architectureOf(config), subject);
}
