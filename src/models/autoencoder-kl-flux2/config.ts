/**
 * The config of diffusers' AutoencoderKLFlux2: keys, defaults, checks, and config.json both ways.
 *
 * @see diffusers, models/autoencoders/autoencoder_kl_flux2.py
 */
import { blockChecks, channelsOfLevels, checkBlocks, checkWidths, type BlocksConfig } from "../block-keys.ts";
import { boolean, nullable, positiveNumber, type Check } from "../config-checks.ts";
import {
  checkKeys,
  configText,
  keysOf,
  readKeys,
  snakeCase,
  type ConfigJson,
  type ConfigTable,
} from "../config-keys.ts";
import type { ParsedConfig } from "../model.ts";

/** Everything that decides an AutoencoderKLFlux2's architecture and its latents' statistics. */
export interface AutoencoderKLFlux2Config extends BlocksConfig {
  /** Channels of each level of the decoder, highest resolution first; null where they are the encoder's. */
  readonly decoderBlockOutChannels: readonly number[] | null;
  /** Whether the encoder ends with a 1x1 convolution of the moments. */
  readonly useQuantConv: boolean;
  /** Whether the decoder begins with a 1x1 convolution of the latents. */
  readonly usePostQuantConv: boolean;
  /** What is added to the variances of the latents before their root. */
  readonly batchNormEps: number;
  /** How fast the statistics would follow in training; nothing here depends on it. */
  readonly batchNormMomentum: number;
  /** Rows and columns of latents that are one patch for the diffusion model: 2 and 2. */
  readonly patchSize: readonly [2, 2];
}

/** The content of diffusers' config.json, whole or in part. */
export type AutoencoderKLFlux2ConfigJson = ConfigJson<AutoencoderKLFlux2Config>;

/** Keys of a config that a caller gives, under our names or diffusers'. */
export type GivenFlux2Config = Partial<AutoencoderKLFlux2Config> | AutoencoderKLFlux2ConfigJson;

/** diffusers' defaults: FLUX.2's own config. */
export const defaultFlux2Config: AutoencoderKLFlux2Config = {
  inChannels: 3,
  outChannels: 3,
  downBlockTypes: ["DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D"],
  upBlockTypes: ["UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D"],
  blockOutChannels: [128, 256, 512, 512],
  decoderBlockOutChannels: null,
  layersPerBlock: 2,
  actFn: "silu",
  latentChannels: 32,
  normNumGroups: 32,
  sampleSize: 1024,
  useQuantConv: true,
  usePostQuantConv: true,
  midBlockAddAttention: true,
  batchNormEps: 1e-4,
  batchNormMomentum: 0.1,
  patchSize: [2, 2],
};

/** Any other patch is one that no pipeline of FLUX.2 makes. */
const patchOfTwo: Check<readonly [2, 2]> = (value) =>
  JSON.stringify(value) === "[2,2]" ? { value: [2, 2] } : { expected: "[2, 2]" };

export const flux2Table: ConfigTable<AutoencoderKLFlux2Config> = {
  classNames: ["AutoencoderKLFlux2"],
  checks: {
    ...blockChecks,
    decoderBlockOutChannels: nullable(channelsOfLevels),
    useQuantConv: boolean,
    usePostQuantConv: boolean,
    batchNormEps: positiveNumber,
    batchNormMomentum: positiveNumber,
    patchSize: patchOfTwo,
  },
  // FLUX.2's own files have it, as AutoencoderKL's; diffusers' class has no such key.
  ignored: ["force_upcast"],
};

/** The keys of its config.json. */
export const flux2Keys: readonly string[] = keysOf(flux2Table).map(snakeCase);

/** Channels of each level of the decoder. */
export const decoderWidths = (config: AutoencoderKLFlux2Config): readonly number[] =>
  config.decoderBlockOutChannels ?? config.blockOutChannels;

/** Fills checked values with diffusers' defaults. @throws INVALID_CONFIG on values that contradict each other */
export function withFlux2Defaults(
  values: Partial<AutoencoderKLFlux2Config>,
  subject: string,
): AutoencoderKLFlux2Config {
  const config = { ...defaultFlux2Config, ...values };
  checkTogether(config, subject);
  return Object.freeze(config);
}

/**
 * Completes a partial config with diffusers' defaults and checks every value.
 *
 * @param partial keys under our names or diffusers'.
 * @throws INVALID_CONFIG on an unknown key, a value of the wrong kind or size, or values that contradict each other.
 */
export function completeFlux2Config(partial: GivenFlux2Config, subject = "config"): AutoencoderKLFlux2Config {
  return withFlux2Defaults(readKeys(partial, subject, "object", flux2Table).values, subject);
}

/** Reads the content of a config.json. @throws INVALID_CONFIG as readKeys */
export function parseFlux2Config(json: unknown, subject: string): ParsedConfig<AutoencoderKLFlux2Config> {
  const { values, warnings } = readKeys(json, subject, "config.json", flux2Table);
  return { config: withFlux2Defaults(values, subject), warnings };
}

/** config.json's text. */
export function formatFlux2Config(config: AutoencoderKLFlux2Config): string {
  checkFlux2Config(config, "formatConfig");
  return configText(flux2Table.classNames[0], { ...config });
}

/** @throws INVALID_CONFIG unless it is a whole config. */
export function checkFlux2Config(
  config: unknown,
  subject: string,
): asserts config is AutoencoderKLFlux2Config {
  checkKeys(config, subject, flux2Table);
  checkTogether(config, subject);
}

function checkTogether(config: AutoencoderKLFlux2Config, subject: string): void {
  checkBlocks(config, subject);
  const { decoderBlockOutChannels } = config;
  if (decoderBlockOutChannels !== null) {
    checkWidths("decoderBlockOutChannels", decoderBlockOutChannels, config, subject);
  }
}

/**
 * One config for an encoder and a decoder from different places: a small decoder differs in its widths alone.
 *
 * @returns undefined where they differ in what one config says once.
 */
export function pairedFlux2Config(
  encoder: AutoencoderKLFlux2Config,
  decoder: AutoencoderKLFlux2Config,
): AutoencoderKLFlux2Config | undefined {
  const widths = decoderWidths(decoder);
  const isSame = JSON.stringify(widths) === JSON.stringify(encoder.blockOutChannels);
  const { outChannels, upBlockTypes, usePostQuantConv } = decoder;
  const joined = {
    ...encoder,
    outChannels,
    upBlockTypes,
    usePostQuantConv,
    decoderBlockOutChannels: isSame ? null : widths,
  };
  const shared = ["layersPerBlock", "actFn", "normNumGroups", "midBlockAddAttention"] as const;
  return shared.every((key) => encoder[key] === decoder[key]) &&
    widths.length === encoder.blockOutChannels.length
    ? Object.freeze(joined)
    : undefined;
}
