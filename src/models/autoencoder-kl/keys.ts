/**
 * The config of diffusers' AutoencoderKL: its keys, their defaults, and the checks of a whole one. How a config.json
 * is read is in config.ts.
 *
 * @see diffusers, models/autoencoders/autoencoder_kl.py
 */
import { VaekitError } from "../../errors.ts";
import {
  boolean,
  describeFound,
  finiteNumber,
  listOf,
  nullable,
  oneOf,
  positiveInteger,
  positiveNumber,
  type Check,
} from "../config-checks.ts";
import { checkKeys, keysOf, snakeCase, type ConfigTable } from "../config-keys.ts";
import { configLimits } from "../config-limits.ts";

/** The activations of the residual blocks. */
export const activationNames = ["silu", "swish", "mish", "gelu", "relu"] as const;
/** One of {@link activationNames}. */
export type ActivationName = (typeof activationNames)[number];

/** The blocks of an encoder's levels: residual blocks, without and with attention. */
export const downBlockTypes = ["DownEncoderBlock2D", "AttnDownEncoderBlock2D"] as const;
/** One of {@link downBlockTypes}. */
export type DownBlockType = (typeof downBlockTypes)[number];

/** The blocks of a decoder's levels: residual blocks, without and with attention. */
export const upBlockTypes = ["UpDecoderBlock2D", "AttnUpDecoderBlock2D"] as const;
/** One of {@link upBlockTypes}. */
export type UpBlockType = (typeof upBlockTypes)[number];

/** Everything that decides an AutoencoderKL's architecture and its latents' conventions. */
export interface AutoencoderKLConfig {
  /** Channels of the pictures that are encoded, 1 to 256. */
  readonly inChannels: number;
  /** Channels of the pictures that are decoded, 1 to 256. */
  readonly outChannels: number;
  /** One per level, in the order of the encoder. */
  readonly downBlockTypes: readonly DownBlockType[];
  /** One per level, in the order of the decoder (lowest resolution first). */
  readonly upBlockTypes: readonly UpBlockType[];
  /** Channels of each level, highest resolution first; the spatial factor is 2^(levels - 1). */
  readonly blockOutChannels: readonly number[];
  /** Residual blocks of each encoder level; the decoder has one more. */
  readonly layersPerBlock: number;
  /** The activation of the residual blocks and after the last normalisations. */
  readonly actFn: ActivationName;
  /** Latent channels, L. */
  readonly latentChannels: number;
  /** Groups of each group normalisation; it divides the channels of every level. */
  readonly normNumGroups: number;
  /** Side of the training pictures in pixels; only tiling reads it. */
  readonly sampleSize: number;
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
  /** Whether the middle block of each half has attention. */
  readonly midBlockAddAttention: boolean;
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
  return 2 ** (config.blockOutChannels.length - 1);
}

/** Activation names are lower-cased by diffusers before it looks them up. */
const activation: Check<ActivationName> = (value) =>
  oneOf(activationNames)(typeof value === "string" && value.length < 20 ? value.toLowerCase() : value);

/** sample_size may be a pair; diffusers takes its first element for the latent tiles, and so do we. */
const side: Check<number> = (value) => {
  const check = positiveInteger(configLimits.sampleSize);
  if (!Array.isArray(value)) return check(value);
  const result = listOf(check, 2)(value);
  return "value" in result ? { value: result.value[0]! } : result;
};

export type ConfigKey = keyof AutoencoderKLConfig;

/** `_class_name` of its config.json; the second is that of repositories from diffusers' Flax days. */
export const classNames = ["AutoencoderKL", "FlaxAutoencoderKL"] as const;

const checks: ConfigTable<AutoencoderKLConfig>["checks"] = {
  inChannels: positiveInteger(configLimits.pictureChannels),
  outChannels: positiveInteger(configLimits.pictureChannels),
  downBlockTypes: listOf(oneOf(downBlockTypes), configLimits.levels),
  upBlockTypes: listOf(oneOf(upBlockTypes), configLimits.levels),
  blockOutChannels: listOf(positiveInteger(configLimits.blockChannels), configLimits.levels),
  layersPerBlock: positiveInteger(configLimits.layersPerBlock),
  actFn: activation,
  latentChannels: positiveInteger(configLimits.latentChannels),
  normNumGroups: positiveInteger(configLimits.blockChannels),
  sampleSize: side,
  scalingFactor: nullable(positiveNumber),
  shiftFactor: nullable(finiteNumber),
  latentsMean: nullable(listOf(finiteNumber, configLimits.latentChannels)),
  latentsStd: nullable(listOf(positiveNumber, configLimits.latentChannels)),
  forceUpcast: boolean,
  useQuantConv: boolean,
  usePostQuantConv: boolean,
  midBlockAddAttention: boolean,
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
  const levels = config.blockOutChannels.length;
  const fail = (message: string): never => {
    throw new VaekitError("INVALID_CONFIG", `${subject}: ${message}`);
  };
  for (const key of ["downBlockTypes", "upBlockTypes"] as const) {
    const found = config[key].length;
    if (found !== levels)
      fail(`expected ${levels} ${snakeCase(key)}, one per block_out_channels, found ${found}.`);
  }
  const ragged = config.blockOutChannels.find((channels) => channels % config.normNumGroups !== 0);
  if (ragged !== undefined) {
    fail(
      `expected every block_out_channels to be a multiple of norm_num_groups ${config.normNumGroups}, found ${ragged}.`,
    );
  }
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
