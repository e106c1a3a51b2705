/**
 * The config of diffusers' AutoencoderTiny: its keys, their defaults, and what they say together.
 *
 * @see diffusers, models/autoencoders/autoencoder_tiny.py
 */
import { VaekitError } from "../../errors.ts";
import { activation, type ActivationName } from "../block-keys.ts";
import {
  boolean,
  describeFound,
  finiteNumber,
  listOf,
  oneOf,
  positiveInteger,
  positiveNumber,
  type Check,
} from "../config-checks.ts";
import {
  checkKeys,
  configText,
  readKeys,
  snakeCase,
  type ConfigJson,
  type ConfigSource,
  type ConfigTable,
  type ReadKeys,
} from "../config-keys.ts";
import { configLimits } from "../config-limits.ts";
import type { ParsedConfig } from "../model.ts";

/** Keys of a config that a caller gives, under our names or diffusers'. */
export type GivenTinyConfig = Partial<AutoencoderTinyConfig> | ConfigJson<AutoencoderTinyConfig>;

/** Everything that decides an AutoencoderTiny's architecture and its latents' conventions. */
export interface AutoencoderTinyConfig {
  /** Channels of the pictures that are encoded, 1 to 256. */
  readonly inChannels: number;
  /** Channels of the pictures that are decoded, 1 to 256. */
  readonly outChannels: number;
  /** Channels of each stage of the encoder, highest resolution first: the same in all. */
  readonly encoderBlockOutChannels: readonly number[];
  /** Channels of each stage of the decoder, lowest resolution first: the same in all. */
  readonly decoderBlockOutChannels: readonly number[];
  /** The activation inside of blocks and after the decoder's first convolution. A block ends with a ReLU. */
  readonly actFn: ActivationName;
  /** How the decoder makes a picture larger. */
  readonly upsampleFn: "nearest";
  /** Latent channels, L. */
  readonly latentChannels: number;
  /** By how much each stage of the decoder but the last enlarges the picture. */
  readonly upsamplingScalingFactor: number;
  /** Residual blocks of each stage of the encoder. */
  readonly numEncoderBlocks: readonly number[];
  /** Residual blocks of each stage of the decoder. */
  readonly numDecoderBlocks: readonly number[];
  /** `scaleLatents` maps latents in [-latentMagnitude, latentMagnitude] to [0, 1]. */
  readonly latentMagnitude: number;
  /** What `scaleLatents` maps 0 to. */
  readonly latentShift: number;
  /** Means nothing: diffusers, too, takes it for false. */
  readonly forceUpcast: boolean;
  /** diffusers' note; what the model takes is what a diffusion model makes, by no factor. */
  readonly scalingFactor: number;
  /** diffusers' note, as scalingFactor. */
  readonly shiftFactor: number;
  /**
   * Whether the blocks at the latents' resolution also look at the whole picture, through a group normalisation, as
   * TAEF2's do. diffusers has no such key, and does not read such weights.
   */
  readonly latentPool: boolean;
}

/** diffusers' defaults, which fill the keys that a config.json leaves out. */
const defaults: AutoencoderTinyConfig = {
  inChannels: 3,
  outChannels: 3,
  encoderBlockOutChannels: [64, 64, 64, 64],
  decoderBlockOutChannels: [64, 64, 64, 64],
  actFn: "relu",
  upsampleFn: "nearest",
  latentChannels: 4,
  upsamplingScalingFactor: 2,
  numEncoderBlocks: [1, 3, 3, 3],
  numDecoderBlocks: [3, 3, 3, 1],
  latentMagnitude: 3,
  latentShift: 0.5,
  forceUpcast: false,
  scalingFactor: 1,
  shiftFactor: 0,
  latentPool: false,
};

/** A stage may have no block. */
const blockCount: Check<number> = (value) =>
  value === 0 ? { value } : positiveInteger(configLimits.layersPerBlock)(value);

/** No published model enlarges by more than 2. */
const maxUpsampling = 8;

const channels = listOf(positiveInteger(configLimits.blockChannels), configLimits.levels);
const blocks = listOf(blockCount, configLimits.levels);

const table: ConfigTable<AutoencoderTinyConfig> = {
  classNames: ["AutoencoderTiny"],
  checks: {
    inChannels: positiveInteger(configLimits.pictureChannels),
    outChannels: positiveInteger(configLimits.pictureChannels),
    encoderBlockOutChannels: channels,
    decoderBlockOutChannels: channels,
    actFn: activation,
    upsampleFn: oneOf(["nearest"]),
    latentChannels: positiveInteger(configLimits.latentChannels),
    upsamplingScalingFactor: positiveInteger(maxUpsampling),
    numEncoderBlocks: blocks,
    numDecoderBlocks: blocks,
    latentMagnitude: positiveNumber,
    latentShift: finiteNumber,
    forceUpcast: boolean,
    scalingFactor: positiveNumber,
    shiftFactor: finiteNumber,
    latentPool: boolean,
  },
  // The decoder's channels once more.
  ignored: ["block_out_channels"],
};

/** The keys of diffusers' config.json. */
export const tinyKeys: readonly string[] = Object.keys(table.checks)
  .filter((key) => key !== "latentPool")
  .map(snakeCase);

/** Reads and checks the keys of a config, without completing it. @throws INVALID_CONFIG as readKeys */
export const readTinyKeys = (
  json: unknown,
  subject: string,
  source: ConfigSource,
): ReadKeys<AutoencoderTinyConfig> => readKeys(json, subject, source, table);

/**
 * Fills checked values with diffusers' defaults, and checks what they say together.
 *
 * @throws INVALID_CONFIG on values that contradict each other; UNSUPPORTED for halves of different factors.
 */
export function completeTinyConfig(
  values: Partial<AutoencoderTinyConfig>,
  subject = "config",
): AutoencoderTinyConfig {
  const config = { ...defaults, ...values };
  checkTogether(config, subject);
  return Object.freeze(config);
}

/** Reads the content of a config.json. */
export function parseTinyConfig(json: unknown, subject: string): ParsedConfig<AutoencoderTinyConfig> {
  const { values, warnings } = readTinyKeys(json, subject, "config.json");
  return { config: completeTinyConfig(values, subject), warnings };
}

/** config.json's text, which diffusers reads, too, unless the model has a pool. */
export function formatTinyConfig(config: AutoencoderTinyConfig): string {
  checkTinyConfig(config, "formatConfig");
  const { latentPool, ...rest } = config;
  return configText("AutoencoderTiny", {
    ...rest,
    blockOutChannels: config.decoderBlockOutChannels,
    ...(latentPool ? { latentPool } : {}),
  });
}

/** @throws INVALID_CONFIG unless it is a whole config whose values fit together. */
export function checkTinyConfig(config: unknown, subject: string): asserts config is AutoencoderTinyConfig {
  checkKeys(config, subject, table);
  checkTogether(config, subject);
}

/** How many pixels one latent covers along each side. */
export const tinySpatialFactor = ({ encoderBlockOutChannels }: AutoencoderTinyConfig): number =>
  2 ** (encoderBlockOutChannels.length - 1);

function checkTogether(config: AutoencoderTinyConfig, subject: string): void {
  const fail = (message: string): never => {
    throw new VaekitError("INVALID_CONFIG", `${subject}: ${message}`);
  };
  for (const half of ["Encoder", "Decoder"] as const) {
    const [blocksKey, channelsKey] = [
      `num${half}Blocks`,
      `${half.toLowerCase() as "encoder" | "decoder"}BlockOutChannels`,
    ] as const;
    const [counts, widths] = [config[blocksKey], config[channelsKey]];
    if (counts.length !== widths.length) {
      fail(
        `expected ${widths.length} ${snakeCase(blocksKey)}, one per ${snakeCase(channelsKey)}, found ${counts.length}.`,
      );
    }
    // diffusers builds such a model, and fails when it runs.
    if (widths.some((width) => width !== widths[0])) {
      fail(
        `expected the same number of channels in all ${snakeCase(channelsKey)}, found ${describeFound(widths)}.`,
      );
    }
  }
  const factor = tinySpatialFactor(config);
  const decoded = config.upsamplingScalingFactor ** (config.numDecoderBlocks.length - 1);
  if (factor === decoded) return;
  throw new VaekitError(
    "UNSUPPORTED",
    `${subject}: expected a decoder that gives pictures of the size that the encoder takes, found one that makes ${decoded} pixels of a latent, of which the encoder makes ${factor}. vaekit does not read such models.`,
  );
}
