/** AutoencoderKLWan: Wan 2.1, and Wan 2.2 with shortcuts around its levels and pixels in patches. */
import type { AutoencoderKLOutput } from "../../latents/outputs.ts";
import type { ConfigTable } from "../config-keys.ts";
import type { VaeModel } from "../model.ts";
import type { Architecture } from "./architecture.ts";
import { hasShortcuts, hasTimeAxis, type FoundNetwork } from "./infer-architecture.ts";
import { wanChecks, type WanKeys } from "./keys.ts";
import { completedKeys, type GivenKeys, type WanClass } from "./config.ts";
import { wanModel } from "./model.ts";
import { wan21 } from "./published.ts";

/** Everything that decides the model's architecture and its latents' conventions. */
export type AutoencoderKLWanConfig = WanKeys;

const table: ConfigTable<AutoencoderKLWanConfig> = {
  classNames: ["AutoencoderKLWan"],
  checks: wanChecks,
  // In the hub's config.json; no class reads it.
  ignored: ["clip_output"],
};

const defaults: AutoencoderKLWanConfig = {
  baseDim: 96,
  decoderBaseDim: null,
  zDim: 16,
  dimMult: [1, 2, 4, 4],
  numResBlocks: 2,
  attnScales: [],
  temperalDownsample: [false, true, true],
  dropout: 0,
  ...wan21,
  isResidual: false,
  inChannels: 3,
  outChannels: 3,
  patchSize: null,
  scaleFactorTemporal: 4,
  scaleFactorSpatial: 8,
};

/** @param hasTime whether the file's kernels have an axis of time */
export const architectureOfKeys = (config: WanKeys, hasTime: boolean): Architecture => {
  const patchSize = config.patchSize ?? 1;
  return {
    inChannels: config.inChannels / patchSize ** 2,
    outChannels: config.outChannels / patchSize ** 2,
    latentChannels: config.zDim,
    encoderWidth: config.baseDim,
    decoderWidth: config.decoderBaseDim ?? config.baseDim,
    multiples: config.dimMult,
    blocksPerLevel: config.numResBlocks,
    isTemporal: config.temperalDownsample,
    isResidual: config.isResidual,
    patchSize,
    hasTime,
  };
};

/** The keys that a network says. The network alone does not say whether its channels are those of patches. */
export const keysOfNetwork = (network: FoundNetwork): Partial<WanKeys> => {
  const { encoderWidth, decoderWidth } = network;
  const [encoder, decoder] = [encoderWidth ?? decoderWidth!, decoderWidth ?? encoderWidth!];
  return {
    baseDim: encoder,
    decoderBaseDim: encoder === decoder ? null : decoder,
    zDim: network.latentChannels,
    dimMult: network.multiples,
    numResBlocks: network.blocksPerLevel,
    temperalDownsample: network.isTemporal,
    isResidual: network.isResidual,
    inChannels: network.inChannels,
    outChannels: network.outChannels,
  };
};

/** Channels of 2x2 RGB pixels, which is how Wan 2.2 takes pictures. */
const patchedChannels = 12;

const wan: WanClass<AutoencoderKLWanConfig> = {
  table,
  defaults,
  architectureOf: (config) => architectureOfKeys(config, true),
  recognizes: (tensors) => hasTimeAxis(tensors) || !hasShortcuts(tensors),
  keysOfNetwork: (network) => {
    const isPatched = network.isResidual && network.inChannels === patchedChannels;
    const patchSize = isPatched ? 2 : null;
    return {
      ...keysOfNetwork(network),
      patchSize,
      scaleFactorSpatial: (patchSize ?? 1) * 2 ** (network.multiples.length - 1),
    };
  },
};

/** Wan's autoencoder, of a video's first frame. */
export const autoencoderKLWan: VaeModel<AutoencoderKLWanConfig, AutoencoderKLOutput> = wanModel(wan);

/** Keys of a config that a caller gives, under our names or diffusers'. */
export type GivenWanConfig = GivenKeys<AutoencoderKLWanConfig>;

/** A whole config of some keys and diffusers' defaults. @throws INVALID_CONFIG as completedKeys */
export const completeWanConfig = (given: GivenWanConfig): AutoencoderKLWanConfig => completedKeys(given, wan);
