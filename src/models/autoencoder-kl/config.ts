/**
 * The config of an AutoencoderKL as it comes: the content of a config.json, or keys that a caller gives, in diffusers'
 * snake_case or in our camelCase; and back to config.json.
 */
import { channelsWithFactor, ignoresDefaultFactor } from "../../latents/scaling.ts";
import {
  configText,
  readKeys,
  snakeCase,
  type ConfigJson,
  type ConfigSource,
  type ReadKeys,
} from "../config-keys.ts";
import type { ParsedConfig } from "../model.ts";
import {
  checkConfig,
  classNames,
  configKeys,
  configTable,
  withDefaults,
  type AutoencoderKLConfig,
} from "./keys.ts";

export { classNames, defaultConfig, spatialFactor, type AutoencoderKLConfig } from "./keys.ts";

/** The content of diffusers' config.json, whole or in part. */
export type AutoencoderKLConfigJson = ConfigJson<AutoencoderKLConfig>;

/** Keys of a config that a caller gives, under our names or diffusers'. */
export type GivenConfig = Partial<AutoencoderKLConfig> | AutoencoderKLConfigJson;

/** Keys that passed their checks, under our names. */
export type ReadConfig = ReadKeys<AutoencoderKLConfig>;

/** The keys of its config.json. */
export const snakeNames: readonly string[] = configKeys.map(snakeCase);

/**
 * Reads and checks the keys of a config, without completing it.
 *
 * @param subject what to call it in messages.
 * @throws INVALID_CONFIG as readKeys.
 */
export function readConfig(json: unknown, subject: string, source: ConfigSource): ReadConfig {
  return readKeys(json, subject, source, configTable);
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
 * @param subject what to call it in messages: its path. @default "config.json"
 * @returns the config, and warnings: keys that AutoencoderKL does not know (they are ignored), and what was assumed
 *   of the latents' scaling.
 * @throws INVALID_CONFIG when it is another model's config, or a value is wrong.
 */
export function parseConfig(json: unknown, subject = "config.json"): ParsedConfig<AutoencoderKLConfig> {
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

/** config.json's text. A config without a scaling factor stays without the key, as its file was. */
export function formatConfig(config: AutoencoderKLConfig): string {
  checkConfig(config, "formatConfig");
  const { scalingFactor, ...rest } = config;
  return configText(classNames[0], { ...rest, ...(scalingFactor === null ? {} : { scalingFactor }) });
}
