/**
 * The config of diffusers' AutoencoderKLHunyuanImage: its keys, and what they say together.
 *
 * @see diffusers, models/autoencoders/autoencoder_kl_hunyuanimage.py
 */
import { VaekitError } from "../../errors.ts";
import { boolean, listOf, nullable, positiveInteger, positiveNumber } from "../config-checks.ts";
import {
  checkKeys,
  configText,
  keysOf,
  readKeys,
  snakeCase,
  type ConfigJson,
  type ConfigTable,
} from "../config-keys.ts";
import { configLimits } from "../config-limits.ts";
import type { ConfigSchema, ModelFacts, ParsedConfig } from "../model.ts";

/** Everything that decides the model's architecture and its latents' conventions. */
export interface AutoencoderKLHunyuanImageConfig {
  /** Channels of the pictures that are encoded. */
  readonly inChannels: number;
  /** Channels of the pictures that are decoded. */
  readonly outChannels: number;
  /** Latent channels, L. */
  readonly latentChannels: number;
  /** Channels of each level, highest resolution first. */
  readonly blockOutChannels: readonly number[];
  /** Residual blocks of each encoder level; the decoder has one more. */
  readonly layersPerBlock: number;
  /** Pixels to a latent along each side. */
  readonly spatialCompressionRatio: number;
  /** Pixels of diffusers' tiles. */
  readonly sampleSize: number;
  /** 1 / the latents' standard deviation; null where nothing scales them. */
  readonly scalingFactor: number | null;
  /** Whether a change of resolution also changes the channels; diffusers fails where it must and does not. */
  readonly downsampleMatchChannel: boolean;
  /** Whether a change of resolution also changes the channels; diffusers fails where it must and does not. */
  readonly upsampleMatchChannel: boolean;
}

/** Keys of a config that a caller gives, under our names or diffusers'. */
export type GivenHunyuanImageConfig =
  Partial<AutoencoderKLHunyuanImageConfig> | ConfigJson<AutoencoderKLHunyuanImageConfig>;

/** HunyuanImage 2.1's: diffusers has no defaults of its own. */
export const hunyuanImage21: AutoencoderKLHunyuanImageConfig = {
  inChannels: 3,
  outChannels: 3,
  latentChannels: 64,
  blockOutChannels: [128, 256, 512, 512, 1024, 1024],
  layersPerBlock: 2,
  spatialCompressionRatio: 32,
  sampleSize: 384,
  scalingFactor: 0.75289,
  downsampleMatchChannel: true,
  upsampleMatchChannel: true,
};

/** Of every normalisation. */
export const normGroups = 32;

export const hunyuanImageTable: ConfigTable<AutoencoderKLHunyuanImageConfig> = {
  classNames: ["AutoencoderKLHunyuanImage"],
  checks: {
    inChannels: positiveInteger(configLimits.pictureChannels),
    outChannels: positiveInteger(configLimits.pictureChannels),
    latentChannels: positiveInteger(configLimits.latentChannels),
    blockOutChannels: listOf(positiveInteger(configLimits.blockChannels), configLimits.levels),
    layersPerBlock: positiveInteger(configLimits.layersPerBlock),
    spatialCompressionRatio: positiveInteger(2 ** (configLimits.levels - 1)),
    sampleSize: positiveInteger(configLimits.sampleSize),
    scalingFactor: nullable(positiveNumber),
    downsampleMatchChannel: boolean,
    upsampleMatchChannel: boolean,
  },
};

export function hunyuanImageFacts(config: AutoencoderKLHunyuanImageConfig): ModelFacts {
  const { inChannels, outChannels, latentChannels, sampleSize, spatialCompressionRatio } = config;
  return {
    inChannels,
    outChannels,
    latentChannels,
    spatialFactor: spatialCompressionRatio,
    sizes: "refused",
    layout: "planes",
    pixelRange: "signed",
    tiles: {
      key: "sample_size",
      pixels: sampleSize,
      latents: Math.floor(sampleSize / spatialCompressionRatio),
      overlap: 0.25,
    },
  };
}

export const hunyuanImageSchema: ConfigSchema<AutoencoderKLHunyuanImageConfig> = {
  keys: keysOf(hunyuanImageTable).map(snakeCase),
  parse: (json, subject): ParsedConfig<AutoencoderKLHunyuanImageConfig> => {
    const { values, warnings } = readKeys(json, subject, "config.json", hunyuanImageTable);
    return { config: completedHunyuanImage(values, subject), warnings };
  },
  format: (config) => {
    checkKeys(config, "formatConfig", hunyuanImageTable);
    checkTogether(config, "formatConfig");
    return configText("AutoencoderKLHunyuanImage", { ...config });
  },
};

/** @throws INVALID_CONFIG on values that contradict each other */
export function completedHunyuanImage(
  values: Partial<AutoencoderKLHunyuanImageConfig>,
  subject: string,
): AutoencoderKLHunyuanImageConfig {
  const config = { ...hunyuanImage21, ...values };
  checkTogether(config, subject);
  return Object.freeze(config);
}

/** A whole config of some keys. @throws INVALID_CONFIG on a wrong or unknown key, and on values that contradict each other */
export const completeHunyuanImageConfig = (given: GivenHunyuanImageConfig): AutoencoderKLHunyuanImageConfig =>
  completedHunyuanImage(readKeys(given, "config", "object", hunyuanImageTable).values, "config");

function checkTogether(config: AutoencoderKLHunyuanImageConfig, subject: string): void {
  const invalid = (expected: string): VaekitError =>
    new VaekitError("INVALID_CONFIG", `${subject}: expected ${expected}.`);
  const { blockOutChannels, latentChannels, spatialCompressionRatio: ratio } = config;
  const changes = Math.log2(ratio);
  if (!Number.isInteger(changes) || changes >= blockOutChannels.length) {
    throw invalid(
      `a spatial_compression_ratio that is a power of two, at most ${2 ** (blockOutChannels.length - 1)} for ${blockOutChannels.length} block_out_channels, found ${ratio}`,
    );
  }
  const ragged = blockOutChannels.find((channels) => channels % normGroups !== 0);
  if (ragged !== undefined)
    throw invalid(`block_out_channels that are multiples of ${normGroups}, found ${ragged}`);
  const lowest = blockOutChannels.at(-1)!;
  if (lowest % (2 * latentChannels) !== 0) {
    throw invalid(
      `a last value of block_out_channels that is a multiple of twice the latent_channels, ${2 * latentChannels}, as the shortcut to the latents needs, found ${lowest}`,
    );
  }
  const isMatched = config.downsampleMatchChannel && config.upsampleMatchChannel;
  blockOutChannels.slice(1).forEach((lower, level) => {
    const upper = blockOutChannels[level]!;
    if (upper === lower) return;
    // The decoder's levels run the other way.
    const isResampled = level < changes && level >= blockOutChannels.length - 1 - changes;
    if (!isMatched || !isResampled) {
      throw invalid(
        `block_out_channels that only change with the resolution and with ${isMatched ? "it" : "downsample_match_channel and upsample_match_channel"}, since diffusers fails with others, found ${upper} and ${lower}`,
      );
    }
    const run = (4 * upper) / lower;
    if (!Number.isInteger(run) || upper % run !== 0) {
      throw invalid(
        `block_out_channels of which each divides four times the one before, as shortcuts need, found ${upper} and ${lower}`,
      );
    }
  });
}
