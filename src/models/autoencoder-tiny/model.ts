/** AutoencoderTiny, as one class among others. */
import { AutoencoderTinyOutput } from "../../latents/outputs.ts";
import { initializeParameter } from "../initialize-parameter.ts";
import type { VaeModel } from "../model.ts";
import { throughBytes } from "./byte-latents.ts";
import { areTinyTensors, tinyConfigFromTensors } from "./config-from-tensors.ts";
import {
  formatTinyConfig,
  parseTinyConfig,
  tinyKeys,
  tinySpatialFactor,
  type AutoencoderTinyConfig,
} from "./config.ts";
import { buildTinyDecoder, buildTinyEncoder, tinyParameterShapes } from "./graph.ts";
import { autoencoderTinyNames } from "./names.ts";

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
    tiles: undefined,
  }),
  parameterShapes: tinyParameterShapes,
  encoder: buildTinyEncoder,
  decoder: buildTinyDecoder,
  encoded: (latentSample) => new AutoencoderTinyOutput({ latentSample }),
  forwardLatents: throughBytes,
  scaling: ({ latentChannels }) => ({ kind: "none", latentChannels }),
  initialize: (config, generator) => {
    const shapes = tinyParameterShapes(config);
    return new Map([...shapes.keys()].map((name) => [name, initializeParameter(name, shapes, generator)]));
  },
  names: autoencoderTinyNames,
  alone: { recognizes: areTinyTensors, infer: tinyConfigFromTensors },
};
