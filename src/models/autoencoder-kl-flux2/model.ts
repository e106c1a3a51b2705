/** AutoencoderKLFlux2, as one class among others. */
import { DiagonalGaussianDistribution } from "../../latents/diagonal-gaussian-distribution.ts";
import { AutoencoderKLOutput } from "../../latents/outputs.ts";
import { factorOf, factsOfBlocks } from "../block-keys.ts";
import { blockNames } from "../block-names.ts";
import { initializeBlocks } from "../initialize-blocks.ts";
import type { VaeModel } from "../model.ts";
import {
  flux2Keys,
  flux2Table,
  formatFlux2Config,
  pairedFlux2Config,
  parseFlux2Config,
  type AutoencoderKLFlux2Config,
} from "./config.ts";
import { buildDecoder, buildEncoder, parameterShapes } from "./graph.ts";
import { flux2Buffers, flux2Scaling } from "./statistics.ts";

/** FLUX.2's autoencoder, whose latents are normalised by stored statistics of 2x2 patches. */
export const autoencoderKLFlux2: VaeModel<AutoencoderKLFlux2Config, AutoencoderKLOutput> = {
  className: flux2Table.classNames[0],
  config: { keys: flux2Keys, parse: parseFlux2Config, format: formatFlux2Config },
  facts: (config) => ({ ...factsOfBlocks(config), pictureMultiple: 2 * factorOf(config) }),
  parameterShapes,
  encoder: buildEncoder,
  decoder: buildDecoder,
  encoded: (moments) => new AutoencoderKLOutput({ latentDist: new DiagonalGaussianDistribution(moments) }),
  buffers: flux2Buffers,
  scaling: flux2Scaling,
  paired: pairedFlux2Config,
  initialize: (config, generator) => initializeBlocks(parameterShapes(config), generator),
  names: blockNames,
  alone: async () => {
    const { areFlux2Tensors, flux2ConfigFromTensors } = await import("./config-from-tensors.ts");
    return { recognizes: areFlux2Tensors, infer: flux2ConfigFromTensors };
  },
};
