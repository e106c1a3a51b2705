/**
 * The config of diffusers' AutoencoderDC: read, completed, checked, and what it says of each stage.
 *
 * @see diffusers, models/autoencoders/autoencoder_dc.py
 */
import { VaekitError } from "../../errors.ts";
import type { ActivationName } from "../block-keys.ts";
import { checkKeys, configText, keysOf, readKeys, snakeCase } from "../config-keys.ts";
import type { ConfigSchema, ModelFacts, ParsedConfig } from "../model.ts";
import type { Half } from "../parameters.ts";
import {
  dcDefaults,
  dcTable,
  type AutoencoderDCConfig,
  type DCBlockType,
  type DCNormType,
  type GivenDCConfig,
} from "./keys.ts";

/** One resolution of a half. */
export interface Stage {
  readonly channels: number;
  readonly blockType: DCBlockType;
  readonly blocks: number;
  /** Sides of the kernels of its attention. */
  readonly scales: readonly number[];
  readonly norm: DCNormType;
  readonly activation: ActivationName;
}

/** The stages of a half, highest resolution first. */
export function stagesOf(config: AutoencoderDCConfig, half: Half): Stage[] {
  const channels = config[`${half}BlockOutChannels`];
  const each = <T>(values: T | readonly T[], stage: number): T =>
    Array.isArray(values) ? (values as readonly T[])[stage]! : (values as T);
  return channels.map((width, stage) => ({
    channels: width,
    blockType: each(config[`${half}BlockTypes`], stage),
    blocks: config[`${half}LayersPerBlock`][stage]!,
    scales: config[`${half}QkvMultiscales`][stage]!,
    // Fixed in the encoder.
    norm: half === "encoder" ? "rms_norm" : each(config.decoderNormTypes, stage),
    activation: half === "encoder" ? "silu" : each(config.decoderActFns, stage),
  }));
}

/** How many pixels one latent covers along each side. */
export const dcSpatialFactor = ({ encoderBlockOutChannels }: AutoencoderDCConfig): number =>
  2 ** (encoderBlockOutChannels.length - 1);

/** diffusers' tiles: pixels of one, and from one to the next. */
const tilePixels = 512;
const tileStride = 448;

export function dcFacts(config: AutoencoderDCConfig): ModelFacts {
  const spatialFactor = dcSpatialFactor(config);
  // With a larger factor diffusers' tiles do not lie where their pixels do.
  const hasTiles = tileStride % spatialFactor === 0;
  return {
    inChannels: config.inChannels,
    outChannels: config.inChannels,
    latentChannels: config.latentChannels,
    spatialFactor,
    sizes: "refused",
    layout: "planes",
    pixelRange: "signed",
    tiles: hasTiles
      ? {
          key: "tile_sample_min_height",
          pixels: tilePixels,
          latents: tilePixels / spatialFactor,
          overlap: 1 - tileStride / tilePixels,
        }
      : undefined,
  };
}

export const dcSchema: ConfigSchema<AutoencoderDCConfig> = {
  keys: keysOf(dcTable).map(snakeCase),
  parse: (json, subject): ParsedConfig<AutoencoderDCConfig> => {
    const { values, warnings } = readKeys(json, subject, "config.json", dcTable);
    return { config: completedDC(values, subject), warnings };
  },
  format: (config) => {
    checkDCConfig(config, "formatConfig");
    return configText("AutoencoderDC", { ...config });
  },
};

/** Fills checked values with diffusers' defaults. @throws INVALID_CONFIG on values that contradict each other */
export function completedDC(values: Partial<AutoencoderDCConfig>, subject: string): AutoencoderDCConfig {
  const config = { ...dcDefaults, ...values };
  checkTogether(config, subject);
  return Object.freeze(config);
}

/** A whole config of some keys. @throws INVALID_CONFIG on a wrong or unknown key, and on values that contradict each other */
export const completeDCConfig = (given: GivenDCConfig): AutoencoderDCConfig =>
  completedDC(readKeys(given, "config", "object", dcTable).values, "config");

/** @throws INVALID_CONFIG unless it is a whole config whose values fit together. */
export function checkDCConfig(config: unknown, subject: string): asserts config is AutoencoderDCConfig {
  checkKeys(config, subject, dcTable);
  checkTogether(config, subject);
}

function checkTogether(config: AutoencoderDCConfig, subject: string): void {
  const invalid = (expected: string): VaekitError =>
    new VaekitError("INVALID_CONFIG", `${subject}: expected ${expected}.`);
  const count = config.encoderBlockOutChannels.length;
  for (const [key, value] of Object.entries(config)) {
    if (!Array.isArray(value) || value.length === count) continue;
    throw invalid(
      `${count} values in ${snakeCase(key)}, one per stage (encoder_block_out_channels), found ${value.length}`,
    );
  }
  for (const half of ["encoder", "decoder"] as const) checkStages(config, half, invalid);
}

function checkStages(
  config: AutoencoderDCConfig,
  half: Half,
  invalid: (expected: string) => VaekitError,
): void {
  const stages = stagesOf(config, half);
  const last = stages.length - 1;
  const isEmpty = ({ blocks }: Stage, stage: number): boolean =>
    blocks === 0 && stage < last && (stage > 0 || last === 0);
  const empty = stages.findIndex(isEmpty);
  if (empty >= 0) {
    throw invalid(
      `blocks in every stage of ${half}_layers_per_block but the first, found none in stage ${empty + 1}: it would not change the resolution`,
    );
  }
  for (const [index, { blockType, channels, blocks }] of stages.entries()) {
    if (blocks > 0 && blockType === "EfficientViTBlock" && channels < config.attentionHeadDim) {
      throw invalid(
        `stages of EfficientViTBlocks with at least attention_head_dim, ${config.attentionHeadDim}, channels, found ${channels} in stage ${index + 1} of ${half}_block_out_channels`,
      );
    }
  }
  checkShortcuts(config, half, invalid);
}

/** A shortcut joins or repeats whole runs of channels. */
function checkShortcuts(
  config: AutoencoderDCConfig,
  half: Half,
  invalid: (expected: string) => VaekitError,
): void {
  const { latentChannels, encoderOutShortcut, decoderInShortcut, downsampleBlockType } = config;
  const stages = stagesOf(config, half);
  const hasShortcut = half === "encoder" ? encoderOutShortcut : decoderInShortcut;
  const lowest = stages.at(-1)!.channels;
  if (hasShortcut && lowest % latentChannels !== 0) {
    throw invalid(
      `a last value of ${half}_block_out_channels that is a multiple of latent_channels, ${latentChannels}, as the shortcut to the latents needs, found ${lowest}`,
    );
  }
  for (const [index, { channels: lower }] of stages.entries()) {
    if (index === 0) continue;
    const upper = stages[index - 1]!;
    if (upper.blocks > 0 && (4 * upper.channels) % lower !== 0) {
      throw invalid(
        `${half}_block_out_channels of which each divides four times the one before, as shortcuts need, found ${upper.channels} and ${lower}`,
      );
    }
    const isUnshuffled = half === "encoder" && downsampleBlockType === "pixel_unshuffle";
    if (isUnshuffled && lower % 4 !== 0) {
      throw invalid(
        `encoder_block_out_channels that are multiples of 4 after the first, as pixel_unshuffle needs, found ${lower}`,
      );
    }
  }
}
