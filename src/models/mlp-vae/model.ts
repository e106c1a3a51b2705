/** The fully connected VAE, as one class among others. */
import { DiagonalGaussianDistribution } from "../../latents/diagonal-gaussian-distribution.ts";
import { AutoencoderKLOutput } from "../../latents/outputs.ts";
import type { VaeModel } from "../model.ts";
import { formatMlpVaeConfig, mlpVaeClassName, mlpVaeKeys, parseMlpVaeConfig } from "./config.ts";
import {
  buildMlpDecoder,
  buildMlpEncoder,
  buildMlpPixelDecoder,
  initializeMlpVae,
  mlpVaeShapes,
  type MlpVaeConfig,
} from "./graph.ts";

/** The VAE of the textbooks: pictures of D pixels, L latents of prior N(0, 1). */
export const mlpVae: VaeModel<MlpVaeConfig, AutoencoderKLOutput> = {
  className: mlpVaeClassName,
  config: {
    keys: mlpVaeKeys,
    parse: (json, subject) => ({ config: parseMlpVaeConfig(json, subject), warnings: [] }),
    format: formatMlpVaeConfig,
  },
  facts: ({ inputSize, latentSize }) => ({
    inChannels: inputSize,
    outChannels: inputSize,
    latentChannels: latentSize,
    spatialFactor: 1,
    sizes: "refused",
    layout: "rows",
    pixelRange: "unit",
    tiles: undefined,
  }),
  parameterShapes: mlpVaeShapes,
  encoder: buildMlpEncoder,
  decoder: buildMlpDecoder,
  pixels: ({ pixels = "bernoulli" }) => (pixels === "values" ? undefined : pixels),
  pixelDecoder: buildMlpPixelDecoder,
  encoded: (moments) => new AutoencoderKLOutput({ latentDist: new DiagonalGaussianDistribution(moments) }),
  scaling: ({ latentSize }) => ({ kind: "none", latentChannels: latentSize }),
  initialize: (config, generator) => initializeMlpVae(config, generator),
  // Its tanh and its sigmoid.
  hidesDamage: true,
};
