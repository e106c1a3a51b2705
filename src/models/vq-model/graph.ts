/**
 * VQModel: the convolutional autoencoder with a codebook (VQGAN, MoVQ), as two graphs of the blocks that it shares with
 * other classes. What lies between them, the nearest row of the codebook for each latent, is no part of a graph.
 *
 * Shapes: N batch, C channels, H W pixels, L latent channels, E values of a row, h w latents (H / 2^(levels-1)).
 *
 * @see van den Oord et al. 2017, Neural Discrete Representation Learning
 * @see Zheng et al. 2022, MoVQ: Modulating Quantized Vectors for High-Fidelity Image Generation
 * @see diffusers, models/autoencoders/vq_model.py
 */
import type { Graph, Value } from "../../graph/index.ts";
import { activations, attention, conv2d, spatialNorm, type ModuleContext } from "../../nn/index.ts";
import type { Shape } from "../../tensor/shape.ts";
import { factorOf } from "../block-keys.ts";
import { blocksWithGroupNorm, decoder, encoder, type BlockContext } from "../blocks.ts";
import type { FindParameter, Half, InputSize } from "../parameters.ts";
import { decoderGraph, encoderGraph, shapesOfPlanes } from "../planes.ts";
import { checkVQModelConfig, embedDimOf, spatialNormGroups, type VQModelConfig } from "./keys.ts";
import { codebookName } from "./names.ts";

/** sample [N, C, H, W] in [-1, 1] → latents [N, E, h, w], not quantised. */
export function encodeVQ(context: ModuleContext, sample: Value, config: VQModelConfig): Value {
  const latents = encoder(blocksWithGroupNorm(context, config), sample, config, config.latentChannels);
  return conv2d(context, "quant_conv", latents, { outChannels: embedDimOf(config), kernelSize: 1 });
}

/** quantised latents [N, E, h, w] → sample [N, C, H, W], about [-1, 1]. */
export function decodeVQ(context: ModuleContext, quantized: Value, config: VQModelConfig): Value {
  const { latentChannels, normType, outChannels } = config;
  const z = conv2d(context, "post_quant_conv", quantized, { outChannels: latentChannels, kernelSize: 1 });
  const blocks =
    normType === "spatial"
      ? blocksWithSpatialNorm(context, quantized, config)
      : blocksWithGroupNorm(context, config);
  return decoder(blocks, z, config, outChannels);
}

/** Blocks whose normalisations are scaled and shifted by the quantised latents of each place. */
function blocksWithSpatialNorm(
  context: ModuleContext,
  quantized: Value,
  { actFn }: Pick<VQModelConfig, "actFn">,
): BlockContext {
  const normalize = (name: string, x: Value): Value =>
    spatialNorm(context, name, x, quantized, spatialNormGroups);
  return {
    ...context,
    activate: (x) => activations[actFn](context.builder, x),
    normalize,
    attend: (name, x) => attention(context, name, x, (h) => normalize(`${name}.spatial_norm`, h)),
  };
}

/** The encoder alone: input sample [N, C, H, W], output latents [N, E, h, w]. */
export function buildVQEncoder(config: VQModelConfig, size: InputSize, find: FindParameter): Graph {
  return encoderGraph(config.inChannels, size, find, (context, sample) => ({
    latents: encodeVQ(context, sample, config),
  }));
}

/** The decoder alone: input latent_sample [N, E, h, w], quantised, output sample [N, C, H, W]. `size` is that of the latents. */
export function buildVQDecoder(config: VQModelConfig, size: InputSize, find: FindParameter): Graph {
  return decoderGraph(embedDimOf(config), size, find, (context, quantized) => ({
    sample: decodeVQ(context, quantized, config),
  }));
}

/** Name and shape of every parameter, the encoder's first; the codebook is of the decoder's half, which quantises. */
export function vqModelShapes(config: VQModelConfig, half?: Half): Map<string, Shape> {
  checkVQModelConfig(config, "parameterShapes");
  const ofGraphs = (of: Half): Map<string, Shape> =>
    shapesOfPlanes(
      factorOf(config),
      {
        encoder: (size, find) => buildVQEncoder(config, size, find),
        decoder: (size, find) => buildVQDecoder(config, size, find),
      },
      of,
    );
  if (half === "encoder") return ofGraphs("encoder");
  const codebook: [string, Shape] = [codebookName, [config.numVqEmbeddings, embedDimOf(config)]];
  const encoderShapes = half === "decoder" ? [] : ofGraphs("encoder");
  return new Map([...encoderShapes, codebook, ...ofGraphs("decoder")]);
}
