/** VQModel, as one class among others. */
import { VQEncoderOutput } from "../../latents/vq-encoder-output.ts";
import type { LatentScaling } from "../../latents/scaling.ts";
import type { VaeModel } from "../model.ts";
import { buildVQDecoder, buildVQEncoder, vqModelShapes } from "./graph.ts";
import { initializeVQModel } from "./initialize.ts";
import {
  embedDimOf,
  factsOfVQModel,
  formatVQModelConfig,
  parseVQModelConfig,
  vqModelClassName,
  vqModelKeys,
  type VQModelConfig,
} from "./keys.ts";
import { vqModelNames } from "./names.ts";

/** The autoencoder with a codebook: VQGAN, MoVQ. */
export const vqModel: VaeModel<VQModelConfig, VQEncoderOutput> = {
  className: vqModelClassName,
  config: { keys: vqModelKeys, parse: parseVQModelConfig, format: formatVQModelConfig },
  facts: factsOfVQModel,
  parameterShapes: vqModelShapes,
  encoder: buildVQEncoder,
  decoder: buildVQDecoder,
  encoded: (latentSample) => new VQEncoderOutput({ latentSample }),
  scaling: scalingOf,
  initialize: initializeVQModel,
  names: vqModelNames,
  alone: async () => {
    const { areOfVQModel, inferVQModelConfig } = await import("./infer.ts");
    return { recognizes: areOfVQModel, infer: inferVQModelConfig };
  },
};

/**
 * Latent Diffusion divides by the factor before it decodes. Kandinsky (MoVQ) and aMUSEd do not, whatever stands in their
 * config.json, which has diffusers' default.
 *
 * @see diffusers, pipelines/deprecated/latent_diffusion_uncond, pipelines/kandinsky2_2, pipelines/deprecated/amused
 */
function scalingOf(config: VQModelConfig): LatentScaling {
  const latentChannels = embedDimOf(config);
  if (config.normType === "spatial" || config.lookupFromCodebook) return { kind: "none", latentChannels };
  return { kind: "factor", latentChannels, scalingFactor: config.scalingFactor, shiftFactor: 0 };
}
