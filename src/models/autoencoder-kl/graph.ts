/**
 * AutoencoderKL: the convolutional variational autoencoder of latent diffusion models, as two graphs of the blocks that
 * it shares with other classes. Names are those of diffusers' modules, so they are the checkpoint's keys.
 *
 * Shapes: N batch, C channels, H W pixels, L latent channels, h w latents (H / 2^(levels-1)).
 *
 * @see diffusers, models/autoencoders/autoencoder_kl.py
 */
import { GraphBuilder, type Graph, type Value } from "../../graph/index.ts";
import type { ModuleContext } from "../../nn/index.ts";
import type { Shape } from "../../tensor/shape.ts";
import { blocksWithGroupNorm, decoder, encoder, quantConv } from "../blocks.ts";
import {
  parametersFrom,
  shapesOfHalves,
  type FindParameter,
  type Half,
  type InputSize,
} from "../parameters.ts";
import { spatialFactor, type AutoencoderKLConfig } from "./config.ts";
import { checkConfig } from "./keys.ts";

/** What the model's modules need: its config, a builder and the parameters. */
export interface AutoencoderKLContext extends ModuleContext {
  readonly config: AutoencoderKLConfig;
}

/** sample [N, C, H, W] in [-1, 1] → latent_parameters [N, 2L, h, w]: mean and log-variance. */
export function encode(context: AutoencoderKLContext, sample: Value): Value {
  const { config } = context;
  const moments = encoder(blocksWithGroupNorm(context, config), sample, config, 2 * config.latentChannels);
  return quantConv(context, "quant_conv", moments, config.useQuantConv);
}

/** latents z [N, L, h, w] → sample [N, C, H, W], about [-1, 1]. */
export function decode(context: AutoencoderKLContext, z: Value): Value {
  const { config } = context;
  const latents = quantConv(context, "post_quant_conv", z, config.usePostQuantConv);
  return decoder(blocksWithGroupNorm(context, config), latents, config, config.outChannels);
}

/** The encoder alone: input sample [N, C, H, W], output latent_parameters [N, 2L, h, w]. */
export function buildEncoder(config: AutoencoderKLConfig, size: InputSize, find: FindParameter): Graph {
  const builder = new GraphBuilder("encoder");
  const context = { config, builder, parameter: parametersFrom(builder, find) };
  const sample = builder.input("sample", "float32", [size.batch, config.inChannels, size.height, size.width]);
  return builder.build({ latent_parameters: encode(context, sample) });
}

/** The decoder alone: input latent_sample [N, L, h, w], output sample [N, C, H, W]. `size` is that of the latents. */
export function buildDecoder(config: AutoencoderKLConfig, size: InputSize, find: FindParameter): Graph {
  const builder = new GraphBuilder("decoder");
  const context = { config, builder, parameter: parametersFrom(builder, find) };
  const { batch, height, width } = size;
  const z = builder.input("latent_sample", "float32", [batch, config.latentChannels, height, width]);
  return builder.build({ sample: decode(context, z) });
}

/**
 * Name and shape of every parameter of the model, the encoder's first: what a checkpoint must hold.
 *
 * @param half of one half only.
 */
export function parameterShapes(config: AutoencoderKLConfig, half?: Half): Map<string, Shape> {
  checkConfig(config, "parameterShapes");
  const side = spatialFactor(config);
  return shapesOfHalves(
    {
      encoder: (find) => buildEncoder(config, { batch: 1, height: side, width: side }, find),
      decoder: (find) => buildDecoder(config, { batch: 1, height: 1, width: 1 }, find),
    },
    half,
  );
}
