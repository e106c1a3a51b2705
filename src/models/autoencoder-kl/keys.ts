/**
 * The config of diffusers' AutoencoderKL: its keys, their defaults, and the checks of a whole one. How a config.json
 * is read is in config.ts.
 *
 * @see diffusers, models/autoencoders/autoencoder_kl.py
 */
import { VaekitError } from "../../errors.ts";
import { blockChecks, checkBlocks, factorOf, type BlocksConfig } from "../block-keys.ts";
import { boolean, describeFound, finiteNumber, listOf, nullable, positiveNumber } from "../config-checks.ts";
import { checkKeys, keysOf, snakeCase, type ConfigTable } from "../config-keys.ts";
import { configLimits } from "../config-limits.ts";

/** Everything that decides an AutoencoderKL's architecture and its latents' conventions. */
export interface AutoencoderKLConfig extends BlocksConfig {
  /**
   * What pipelines multiply latents by; the model itself never does. null: there is none, because the config has
   * latentsMean and latentsStd and says nothing of a factor.
   */
  readonly scalingFactor: number | null;
  /** What pipelines subtract from latents first, or null for 0. */
  readonly shiftFactor: number | null;
  /** Per-channel mean of the latents, or null. */
  readonly latentsMean: readonly number[] | null;
  /** Per-channel standard deviation of the latents, or null. */
  readonly latentsStd: readonly number[] | null;
  /** Whether SDXL-type pipelines run the VAE in float32 even when the file is float16. */
  readonly forceUpcast: boolean;
  /** Whether the encoder ends with a 1x1 convolution of the moments. */
  readonly useQuantConv: boolean;
  /** Whether the decoder begins with a 1x1 convolution of the latents. */
  readonly usePostQuantConv: boolean;
}

/** diffusers' defaults, which fill the keys that a config.json leaves out. */
export const defaultConfig: AutoencoderKLConfig = {
  inChannels: 3,
  outChannels: 3,
  downBlockTypes: ["DownEncoderBlock2D"],
  upBlockTypes: ["UpDecoderBlock2D"],
  blockOutChannels: [64],
  layersPerBlock: 1,
  actFn: "silu",
  latentChannels: 4,
  normNumGroups: 32,
  sampleSize: 32,
  scalingFactor: 0.18215,
  shiftFactor: null,
  latentsMean: null,
  latentsStd: null,
  forceUpcast: true,
  useQuantConv: true,
  usePostQuantConv: true,
  midBlockAddAttention: true,
};

/** How many pixels one latent covers along each side. */
export function spatialFactor(config: AutoencoderKLConfig): number {
  const levels: unknown = (config as AutoencoderKLConfig | undefined)?.blockOutChannels;
  if (!Array.isArray(levels)) checkConfig(config, "spatialFactor");
  return factorOf(config);
}

export type ConfigKey = keyof AutoencoderKLConfig;

/** `_class_name` of its config.json; the second is that of repositories from diffusers' Flax days. */
export const classNames = ["AutoencoderKL", "FlaxAutoencoderKL"] as const;

const checks: ConfigTable<AutoencoderKLConfig>["checks"] = {
  ...blockChecks,
  scalingFactor: nullable(positiveNumber),
  shiftFactor: nullable(finiteNumber),
  latentsMean: nullable(listOf(finiteNumber, configLimits.latentChannels)),
  latentsStd: nullable(listOf(positiveNumber, configLimits.latentChannels)),
  forceUpcast: boolean,
  useQuantConv: boolean,
  usePostQuantConv: boolean,
};

export const configTable: ConfigTable<AutoencoderKLConfig> = { classNames, checks };

export const configKeys: readonly ConfigKey[] = keysOf(configTable);

/**
 * Fills checked values with diffusers' defaults, and checks what they say together.
 *
 * @throws INVALID_CONFIG on values that contradict each other.
 */
export function withDefaults(values: Partial<AutoencoderKLConfig>, subject: string): AutoencoderKLConfig {
  const config: AutoencoderKLConfig = { ...defaultConfig, ...withoutDefaultFactor(values), ...values };
  checkConsistency(config, subject);
  return Object.freeze(config);
}

/**
 * A config that is said to be whole: every key, each of its kind, and all of them together.
 *
 * @throws INVALID_CONFIG on the first that is not, and what makes one whole.
 */
export function checkConfig(config: unknown, subject: string): asserts config is AutoencoderKLConfig {
  checkKeys(config, subject, configTable);
  checkConsistency(config, subject);
}

/** With a mean and a std for each channel, diffusers' default factor is nobody's: it is Stable Diffusion 1's. */
function withoutDefaultFactor(values: Partial<AutoencoderKLConfig>): Partial<AutoencoderKLConfig> {
  return values.latentsMean != null && values.latentsStd != null ? { scalingFactor: null } : {};
}

function checkConsistency(config: AutoencoderKLConfig, subject: string): void {
  checkBlocks(config, subject);
  const fail = (message: string): never => {
    throw new VaekitError("INVALID_CONFIG", `${subject}: ${message}`);
  };
  for (const key of ["latentsMean", "latentsStd"] as const) {
    const found = config[key]?.length ?? config.latentChannels;
    if (found !== config.latentChannels) {
      fail(
        `expected ${config.latentChannels} values in ${snakeCase(key)}, one per latent channel, found ${found}.`,
      );
    }
  }
  const { latentsMean, latentsStd, shiftFactor } = config;
  if (latentsMean !== null && latentsStd !== null && shiftFactor !== null && shiftFactor !== 0) {
    fail(
      `expected a shift_factor or latents_mean and latents_std, found shift_factor ${shiftFactor} and both lists. Remove one of the two.`,
    );
  }
  if (config.scalingFactor === null && (config.latentsMean === null || config.latentsStd === null)) {
    fail(
      `expected a scaling_factor above 0, found ${describeFound(config.scalingFactor)}: only latents_mean and latents_std together do without one.`,
    );
  }
}
