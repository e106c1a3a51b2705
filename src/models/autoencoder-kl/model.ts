/** AutoencoderKL, as one class among others. */
import { DiagonalGaussianDistribution } from "../../latents/diagonal-gaussian-distribution.ts";
import { AutoencoderKLOutput } from "../../latents/outputs.ts";
import { latentScaling } from "../../latents/scaling.ts";
import { factsOfBlocks } from "../block-keys.ts";
import { blockNames } from "../block-names.ts";
import type { VaeModel } from "../model.ts";
import { classNames, formatConfig, parseConfig, snakeNames, type AutoencoderKLConfig } from "./config.ts";
import { initializeParameters } from "./initialize.ts";
import { buildDecoder, buildEncoder, buildPixelDecoder, parameterShapes, scaleShapes } from "./graph.ts";

const [className, ...aliases] = classNames;

/** The KL autoencoder of latent diffusion models. */
export const autoencoderKL: VaeModel<AutoencoderKLConfig, AutoencoderKLOutput> = {
  className,
  aliases,
  config: { keys: snakeNames, parse: parseConfig, format: formatConfig },
  facts: factsOfBlocks,
  parameterShapes,
  encoder: buildEncoder,
  decoder: buildDecoder,
  likelihood: { shapes: scaleShapes, decoder: buildPixelDecoder },
  encoded: (moments) => new AutoencoderKLOutput({ latentDist: new DiagonalGaussianDistribution(moments) }),
  scaling: latentScaling,
  initialize: initializeParameters,
  names: blockNames,
  alone: async () => {
    const { areTensorsOfKL, inferFromTensors } = await import("./config-from-tensors.ts");
    return { recognizes: areTensorsOfKL, infer: inferFromTensors };
  },
};
