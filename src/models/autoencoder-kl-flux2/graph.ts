/**
 * AutoencoderKLFlux2: FLUX.2's autoencoder, as two graphs of the blocks that it shares with AutoencoderKL. The decoder
 * has widths of its own.
 *
 * Shapes: N batch, C channels, H W pixels, L latent channels, h w latents (H / 2^(levels-1)).
 *
 * @see diffusers, models/autoencoders/autoencoder_kl_flux2.py
 */
import { GraphBuilder, type Graph } from "../../graph/index.ts";
import type { Shape } from "../../tensor/shape.ts";
import { factorOf } from "../block-keys.ts";
import { blocksWithGroupNorm, decoder, encoder, quantConv } from "../blocks.ts";
import {
  parametersFrom,
  shapesOfHalves,
  type FindParameter,
  type Half,
  type InputSize,
} from "../parameters.ts";
import { checkFlux2Config, decoderWidths, type AutoencoderKLFlux2Config } from "./config.ts";

/** Input sample [N, C, H, W] in [-1, 1], output latent_parameters [N, 2L, h, w]: mean and log-variance. */
export function buildEncoder(config: AutoencoderKLFlux2Config, size: InputSize, find: FindParameter): Graph {
  const builder = new GraphBuilder("encoder");
  const context = blocksWithGroupNorm({ builder, parameter: parametersFrom(builder, find) }, config);
  const { inChannels, latentChannels, useQuantConv } = config;
  const sample = builder.input("sample", "float32", [size.batch, inChannels, size.height, size.width]);
  const moments = encoder(context, sample, config, 2 * latentChannels);
  return builder.build({ latent_parameters: quantConv(context, "quant_conv", moments, useQuantConv) });
}

/** Input latent_sample [N, L, h, w], output sample [N, C, H, W], about [-1, 1]. `size` is that of the latents. */
export function buildDecoder(config: AutoencoderKLFlux2Config, size: InputSize, find: FindParameter): Graph {
  const builder = new GraphBuilder("decoder");
  const context = blocksWithGroupNorm({ builder, parameter: parametersFrom(builder, find) }, config);
  const { latentChannels, outChannels, usePostQuantConv } = config;
  const z = builder.input("latent_sample", "float32", [size.batch, latentChannels, size.height, size.width]);
  const latents = quantConv(context, "post_quant_conv", z, usePostQuantConv);
  const levels = { ...config, blockOutChannels: decoderWidths(config) };
  return builder.build({ sample: decoder(context, latents, levels, outChannels) });
}

/** Name and shape of every parameter of the model, the encoder's first. @param half of one half only */
export function parameterShapes(config: AutoencoderKLFlux2Config, half?: Half): Map<string, Shape> {
  checkFlux2Config(config, "parameterShapes");
  const side = factorOf(config);
  return shapesOfHalves(
    {
      encoder: (find) => buildEncoder(config, { batch: 1, height: side, width: side }, find),
      decoder: (find) => buildDecoder(config, { batch: 1, height: 1, width: 1 }, find),
    },
    half,
  );
}
