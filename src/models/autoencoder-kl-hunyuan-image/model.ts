/** AutoencoderKLHunyuanImage, as one class among others. */
import { DiagonalGaussianDistribution } from "../../latents/diagonal-gaussian-distribution.ts";
import { AutoencoderKLOutput } from "../../latents/outputs.ts";
import { initializeParameter } from "../initialize-parameter.ts";
import type { VaeModel } from "../model.ts";
import { hunyuanImageFacts, hunyuanImageSchema, type AutoencoderKLHunyuanImageConfig } from "./config.ts";
import { buildHunyuanImageDecoder, buildHunyuanImageEncoder, hunyuanImageShapes } from "./graph.ts";

/** HunyuanImage 2.1's autoencoder. */
export const autoencoderKLHunyuanImage: VaeModel<AutoencoderKLHunyuanImageConfig, AutoencoderKLOutput> = {
  className: "AutoencoderKLHunyuanImage",
  config: hunyuanImageSchema,
  facts: hunyuanImageFacts,
  parameterShapes: hunyuanImageShapes,
  encoder: buildHunyuanImageEncoder,
  decoder: buildHunyuanImageDecoder,
  encoded: (moments) => new AutoencoderKLOutput({ latentDist: new DiagonalGaussianDistribution(moments) }),
  scaling: ({ latentChannels, scalingFactor }) =>
    scalingFactor === null
      ? { kind: "none", latentChannels }
      : { kind: "factor", latentChannels, scalingFactor, shiftFactor: 0 },
  initialize: (config, generator) => {
    const shapes = hunyuanImageShapes(config);
    return new Map([...shapes.keys()].map((name) => [name, initializeParameter(name, shapes, generator)]));
  },
  alone: async () => {
    const { areHunyuanImageTensors, hunyuanImageFromTensors } = await import("./config-from-tensors.ts");
    return { recognizes: areHunyuanImageTensors, infer: hunyuanImageFromTensors };
  },
};
