/** AutoencoderKLQwenImage: Qwen-Image, Krea 2 and others, with the network of Wan 2.1. */
import type { AutoencoderKLOutput } from "../../latents/outputs.ts";
import { positiveInteger } from "../config-checks.ts";
import type { ConfigTable } from "../config-keys.ts";
import { configLimits } from "../config-limits.ts";
import type { VaeModel } from "../model.ts";
import type { Architecture } from "./architecture.ts";
import { hasShortcuts } from "./infer-architecture.ts";
import { blocksChecks, type WanBlocksConfig } from "./keys.ts";
import { completedKeys, type GivenKeys, type WanClass } from "./config.ts";
import { wanModel } from "./model.ts";
import { wan21 } from "./published.ts";

/** Everything that decides the model's architecture and its latents' conventions. */
export interface AutoencoderKLQwenImageConfig extends WanBlocksConfig {
  /** Channels of the pictures that are encoded and decoded: 3, or 4 with alpha. */
  readonly inputChannels: number;
}

const table: ConfigTable<AutoencoderKLQwenImageConfig> = {
  classNames: ["AutoencoderKLQwenImage"],
  checks: { ...blocksChecks, inputChannels: positiveInteger(configLimits.pictureChannels) },
};

const defaults: AutoencoderKLQwenImageConfig = {
  baseDim: 96,
  zDim: 16,
  dimMult: [1, 2, 4, 4],
  numResBlocks: 2,
  attnScales: [],
  temperalDownsample: [false, true, true],
  dropout: 0,
  inputChannels: 3,
  ...wan21,
};

const architectureOf = (config: AutoencoderKLQwenImageConfig): Architecture => ({
  inChannels: config.inputChannels,
  outChannels: config.inputChannels,
  latentChannels: config.zDim,
  encoderWidth: config.baseDim,
  decoderWidth: config.baseDim,
  multiples: config.dimMult,
  blocksPerLevel: config.numResBlocks,
  isTemporal: config.temperalDownsample,
  isResidual: false,
  patchSize: 1,
  hasTime: true,
});

const qwenImage: WanClass<AutoencoderKLQwenImageConfig> = {
  table,
  defaults,
  architectureOf,
  clampsTiles: false,
  recognizes: (tensors) => !hasShortcuts(tensors),
  keysOfNetwork: ({ encoderWidth, decoderWidth, ...network }) => ({
    baseDim: (encoderWidth ?? decoderWidth)!,
    zDim: network.latentChannels,
    dimMult: network.multiples,
    numResBlocks: network.blocksPerLevel,
    temperalDownsample: network.isTemporal,
    inputChannels: network.inChannels,
  }),
};

/** Qwen-Image's autoencoder. A file without a config.json may as well be Wan 2.1's: it then gives the same numbers. */
export const autoencoderKLQwenImage: VaeModel<AutoencoderKLQwenImageConfig, AutoencoderKLOutput> =
  wanModel(qwenImage);

/** Keys of a config that a caller gives, under our names or diffusers'. */
export type GivenQwenImageConfig = GivenKeys<AutoencoderKLQwenImageConfig>;

/** A whole config of some keys and diffusers' defaults. @throws INVALID_CONFIG as completedKeys */
export const completeQwenImageConfig = (given: GivenQwenImageConfig): AutoencoderKLQwenImageConfig =>
  completedKeys(given, qwenImage);
