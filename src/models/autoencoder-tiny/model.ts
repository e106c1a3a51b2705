/** AutoencoderTiny, as one class among others. */
import { AutoencoderTinyOutput } from "../../latents/outputs.ts";
import { initializeParameter } from "../initialize-parameter.ts";
import type { TileFacts, VaeModel } from "../model.ts";
import { throughBytes } from "./byte-latents.ts";
import { withPoolOf } from "./config-from-tensors.ts";
import {
  formatTinyConfig,
  parseTinyConfig,
  tinyKeys,
  tinySpatialFactor,
  type AutoencoderTinyConfig,
} from "./config.ts";
import { buildTinyDecoder, buildTinyEncoder, tinyParameterShapes } from "./graph.ts";
import { autoencoderTinyNames } from "./names.ts";

/**
 * diffusers' tiles, as its code has them: of pictures and latents of fixed sizes and channels. Those of other models fail
 * there, or lose pictures' parts without a word, and what it cannot read it has no tiles for.
 */
function tilesOf(config: AutoencoderTinyConfig): TileFacts | undefined {
  const { latentChannels, outChannels, latentPool } = config;
  const areDiffusers = latentChannels === 4 && outChannels === 3 && tinySpatialFactor(config) === 8;
  if (!areDiffusers || latentPool) return undefined;
  const [pixels, latents, overlap] = [512, 64, 0.125];
  // Wherever there is room for a tile, one begins.
  const halves = {
    encoder: { tile: pixels, result: latents, most: pixels * (1 - overlap) },
    decoder: { tile: latents, result: pixels, most: latents * (1 - overlap) },
  };
  return { key: "tile_sample_min_size", pixels, latents, overlap, join: "ramp", halves };
}

/** TAESD and its family: small models whose latents are those that a large one's diffusion model sees. */
export const autoencoderTiny: VaeModel<AutoencoderTinyConfig, AutoencoderTinyOutput> = {
  className: "AutoencoderTiny",
  config: { keys: tinyKeys, parse: parseTinyConfig, format: formatTinyConfig },
  facts: (config) => ({
    inChannels: config.inChannels,
    outChannels: config.outChannels,
    latentChannels: config.latentChannels,
    spatialFactor: tinySpatialFactor(config),
    sizes: "up",
    layout: "planes",
    pixelRange: "signed",
    tiles: tilesOf(config),
  }),
  parameterShapes: tinyParameterShapes,
  encoder: buildTinyEncoder,
  decoder: buildTinyDecoder,
  encoded: (latentSample) => new AutoencoderTinyOutput({ latentSample }),
  forwardLatents: throughBytes,
  amended: withPoolOf,
  // Each half has keys of its own; nothing else differs in halves that fit.
  paired: (encoder, decoder) => ({
    ...encoder,
    outChannels: decoder.outChannels,
    decoderBlockOutChannels: decoder.decoderBlockOutChannels,
    numDecoderBlocks: decoder.numDecoderBlocks,
  }),
  scaling: ({ latentChannels }) => ({ kind: "none", latentChannels }),
  initialize: (config, generator) => {
    const shapes = tinyParameterShapes(config);
    return new Map([...shapes.keys()].map((name) => [name, initializeParameter(name, shapes, generator)]));
  },
  names: autoencoderTinyNames,
  alone: async () => {
    const { areTinyTensors, tinyConfigFromTensors } = await import("./config-from-tensors.ts");
    return { recognizes: areTinyTensors, infer: tinyConfigFromTensors };
  },
};
