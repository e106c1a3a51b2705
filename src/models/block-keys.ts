/**
 * The keys of a config that decide the blocks of diffusers' convolutional autoencoders, with their checks. Several
 * classes have them among their own.
 */
import { VaekitError } from "../errors.ts";
import { boolean, listOf, oneOf, positiveInteger, type Check } from "./config-checks.ts";
import { configLimits } from "./config-limits.ts";
import { snakeCase } from "./config-keys.ts";
import type { ModelFacts } from "./model.ts";

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

/** What decides the blocks of both halves, and their tiles. */
export interface BlocksConfig {
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
  /** Whether the middle block of each half has attention. */
  readonly midBlockAddAttention: boolean;
}

/** Activation names are lower-cased by diffusers before it looks them up. */
export const activation: Check<ActivationName> = (value) =>
  oneOf(activationNames)(typeof value === "string" && value.length < 20 ? value.toLowerCase() : value);

/** sample_size may be a pair; diffusers takes its first element for the latent tiles, and so do we. */
const side: Check<number> = (value) => {
  const check = positiveInteger(configLimits.sampleSize);
  if (!Array.isArray(value)) return check(value);
  const result = listOf(check, 2)(value);
  return "value" in result ? { value: result.value[0]! } : result;
};

/** Channels of each level. */
export const channelsOfLevels: Check<readonly number[]> = listOf(
  positiveInteger(configLimits.blockChannels),
  configLimits.levels,
);

export const blockChecks: { readonly [K in keyof BlocksConfig]: Check<BlocksConfig[K]> } = {
  inChannels: positiveInteger(configLimits.pictureChannels),
  outChannels: positiveInteger(configLimits.pictureChannels),
  downBlockTypes: listOf(oneOf(downBlockTypes), configLimits.levels),
  upBlockTypes: listOf(oneOf(upBlockTypes), configLimits.levels),
  blockOutChannels: channelsOfLevels,
  layersPerBlock: positiveInteger(configLimits.layersPerBlock),
  actFn: activation,
  latentChannels: positiveInteger(configLimits.latentChannels),
  normNumGroups: positiveInteger(configLimits.blockChannels),
  sampleSize: side,
  midBlockAddAttention: boolean,
};

/** @throws INVALID_CONFIG on the first of these keys that contradicts another. */
export function checkBlocks(config: BlocksConfig, subject: string): void {
  const levels = config.blockOutChannels.length;
  for (const key of ["downBlockTypes", "upBlockTypes"] as const) {
    checkLevels(key, config[key].length, levels, subject);
  }
  checkWidths("blockOutChannels", config.blockOutChannels, config, subject);
}

/** @throws INVALID_CONFIG unless there are channels for each level, which the groups of the normalisations divide. */
export function checkWidths(
  key: string,
  channels: readonly number[],
  { blockOutChannels, normNumGroups }: Pick<BlocksConfig, "blockOutChannels" | "normNumGroups">,
  subject: string,
): void {
  checkLevels(key, channels.length, blockOutChannels.length, subject);
  const ragged = channels.find((each) => each % normNumGroups !== 0);
  if (ragged === undefined) return;
  throw new VaekitError(
    "INVALID_CONFIG",
    `${subject}: expected every ${snakeCase(key)} to be a multiple of norm_num_groups ${normNumGroups}, found ${ragged}.`,
  );
}

function checkLevels(key: string, found: number, levels: number, subject: string): void {
  if (found === levels) return;
  throw new VaekitError(
    "INVALID_CONFIG",
    `${subject}: expected ${levels} ${snakeCase(key)}, one per block_out_channels, found ${found}.`,
  );
}

/** How many pixels one latent covers along each side. */
export const factorOf = ({ blockOutChannels }: Pick<BlocksConfig, "blockOutChannels">): number =>
  2 ** (blockOutChannels.length - 1);

/** What holds of every class of these blocks. */
export function factsOfBlocks(config: BlocksConfig): ModelFacts {
  const { inChannels, outChannels, latentChannels, sampleSize } = config;
  const spatialFactor = factorOf(config);
  return {
    inChannels,
    outChannels,
    latentChannels,
    spatialFactor,
    sizes: "down",
    layout: "planes",
    pixelRange: "signed",
    tiles: {
      key: "sample_size",
      pixels: sampleSize,
      latents: Math.trunc(sampleSize / spatialFactor),
      overlap: 0.25,
    },
  };
}
