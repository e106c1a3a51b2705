/** The keys that the configs of these classes have in common, with their checks. */
import { VaekitError } from "../../errors.ts";
import {
  boolean,
  finiteNumber,
  listOf,
  nullable,
  positiveInteger,
  positiveNumber,
  type Check,
} from "../config-checks.ts";
import { snakeCase } from "../config-keys.ts";
import { configLimits } from "../config-limits.ts";

/** What decides the blocks of both halves, and how latents are scaled. */
export interface WanBlocksConfig {
  /** Channels of the encoder at the highest resolution, before dimMult. */
  readonly baseDim: number;
  /** Latent channels, L. */
  readonly zDim: number;
  /** What baseDim is multiplied by in each level, highest resolution first. */
  readonly dimMult: readonly number[];
  /** Residual blocks of each encoder level; the decoder has one more. */
  readonly numResBlocks: number;
  /** Always empty: diffusers cannot run a model with others. */
  readonly attnScales: readonly never[];
  /** Of each level but the last: whether its downsampling also joins frames of a video. */
  readonly temperalDownsample: readonly boolean[];
  /** Only training reads it. */
  readonly dropout: number;
  /** Per-channel mean of the latents. */
  readonly latentsMean: readonly number[];
  /** Per-channel standard deviation of the latents. */
  readonly latentsStd: readonly number[];
}

/** The keys of the classes that also say how pictures enter the network. */
export interface WanKeys extends WanBlocksConfig {
  /** Channels of the decoder at the highest resolution, before dimMult; null for baseDim. */
  readonly decoderBaseDim: number | null;
  /** Whether levels have shortcuts around them. */
  readonly isResidual: boolean;
  /** Channels that the network takes: of a picture, times patchSize². */
  readonly inChannels: number;
  /** Channels that the network gives: of a picture, times patchSize². */
  readonly outChannels: number;
  /** The side of the squares of pixels that the network sees as one, or null. */
  readonly patchSize: number | null;
  /** Frames of a video to a latent. No picture depends on it. */
  readonly scaleFactorTemporal: number | null;
  /** Pixels to a latent along each side, as diffusers' tiling takes it; here the levels say it. */
  readonly scaleFactorSpatial: number | null;
}

/** Pixels along a side. */
const largestPatch = 16;

const noScales: Check<readonly never[]> = (value) =>
  Array.isArray(value) && value.length === 0
    ? { value: Object.freeze([]) }
    : { expected: "an empty list, since diffusers runs no attention outside of the middle" };

/** One for each level but the last: none for a single level. */
const booleans: Check<readonly boolean[]> = (value) =>
  Array.isArray(value) && value.length === 0
    ? { value: Object.freeze([]) }
    : listOf(boolean, configLimits.levels)(value);

export const blocksChecks: { readonly [K in keyof WanBlocksConfig]: Check<WanBlocksConfig[K]> } = {
  baseDim: positiveInteger(configLimits.blockChannels),
  zDim: positiveInteger(configLimits.latentChannels),
  dimMult: listOf(positiveInteger(configLimits.blockChannels), configLimits.levels),
  numResBlocks: positiveInteger(configLimits.layersPerBlock),
  attnScales: noScales,
  temperalDownsample: booleans,
  dropout: finiteNumber,
  latentsMean: listOf(finiteNumber, configLimits.latentChannels),
  latentsStd: listOf(positiveNumber, configLimits.latentChannels),
};

export const wanChecks: { readonly [K in keyof WanKeys]: Check<WanKeys[K]> } = {
  ...blocksChecks,
  decoderBaseDim: nullable(positiveInteger(configLimits.blockChannels)),
  isResidual: boolean,
  inChannels: positiveInteger(configLimits.pictureChannels),
  outChannels: positiveInteger(configLimits.pictureChannels),
  patchSize: nullable(positiveInteger(largestPatch)),
  scaleFactorTemporal: nullable(positiveInteger(configLimits.sampleSize)),
  scaleFactorSpatial: nullable(positiveInteger(configLimits.sampleSize)),
};

/** @throws INVALID_CONFIG unless there is a mean and a deviation for each latent channel. */
export function checkStatistics(config: WanBlocksConfig, subject: string): void {
  for (const key of ["latentsMean", "latentsStd"] as const) {
    const found = config[key].length;
    if (found === config.zDim) continue;
    throw new VaekitError(
      "INVALID_CONFIG",
      `${subject}: expected ${config.zDim} values in ${snakeCase(key)}, one per latent channel (z_dim), found ${found}.`,
    );
  }
}

/** @throws INVALID_CONFIG unless squares of pixels make up the network's channels. */
export function checkPatches(config: WanKeys, subject: string): void {
  const { patchSize } = config;
  if (patchSize === null) return;
  for (const key of ["inChannels", "outChannels"] as const) {
    if (config[key] % patchSize ** 2 === 0) continue;
    throw new VaekitError(
      "INVALID_CONFIG",
      `${subject}: expected ${snakeCase(key)} to be a multiple of patch_size², ${patchSize ** 2}, found ${config[key]}.`,
    );
  }
}
