/** AutoencoderKLQwenImage21: Qwen-Image-2.1, of pictures with alpha, whose kernels have no axis of time. */
import type { AutoencoderKLOutput } from "../../latents/outputs.ts";
import type { ConfigTable } from "../config-keys.ts";
import type { VaeModel } from "../model.ts";
import { hasShortcuts, hasTimeAxis } from "./infer-architecture.ts";
import { wanChecks, type WanKeys } from "./keys.ts";
import { completedKeys, type GivenKeys, type WanClass } from "./config.ts";
import { wanModel } from "./model.ts";
import { qwenImage21 } from "./published.ts";
import { architectureOfKeys, keysOfNetwork } from "./wan.ts";

/** Everything that decides the model's architecture and its latents' conventions. */
export type AutoencoderKLQwenImage21Config = WanKeys;

const table: ConfigTable<AutoencoderKLQwenImage21Config> = {
  classNames: ["AutoencoderKLQwenImage21"],
  checks: wanChecks,
};

const defaults: AutoencoderKLQwenImage21Config = {
  baseDim: 96,
  decoderBaseDim: 144,
  zDim: 64,
  dimMult: [1, 2, 4, 8, 8],
  numResBlocks: 2,
  attnScales: [],
  temperalDownsample: [false, true, true, true],
  dropout: 0,
  ...qwenImage21,
  isResidual: true,
  inChannels: 4,
  outChannels: 4,
  patchSize: null,
  scaleFactorTemporal: 8,
  scaleFactorSpatial: 16,
};

const qwenImage21Class: WanClass<AutoencoderKLQwenImage21Config> = {
  table,
  defaults,
  architectureOf: (config) => architectureOfKeys(config, false),
  recognizes: (tensors) => hasShortcuts(tensors) && !hasTimeAxis(tensors),
  keysOfNetwork: (network) => ({
    ...keysOfNetwork(network),
    scaleFactorSpatial: 2 ** (network.multiples.length - 1),
  }),
};

/** Qwen-Image-2.1's autoencoder. */
export const autoencoderKLQwenImage21: VaeModel<AutoencoderKLQwenImage21Config, AutoencoderKLOutput> =
  wanModel(qwenImage21Class);

/** Keys of a config that a caller gives, under our names or diffusers'. */
export type GivenQwenImage21Config = GivenKeys<AutoencoderKLQwenImage21Config>;

/** A whole config of some keys and diffusers' defaults. @throws INVALID_CONFIG as completedKeys */
export const completeQwenImage21Config = (given: GivenQwenImage21Config): AutoencoderKLQwenImage21Config =>
  completedKeys(given, qwenImage21Class);
