/**
 * AutoencoderKLFlux2: FLUX.2's autoencoder, as two graphs of the blocks that it shares with AutoencoderKL. The decoder
 * has widths of its own.
 *
 * Shapes: N batch, C channels, H W pixels, L latent channels, h w latents (H / 2^(levels-1)).
 *
 * @see diffusers, models/autoencoders/autoencoder_kl_flux2.py
 */
import type { Graph } from "../../graph/index.ts";
import type { Shape } from "../../tensor/shape.ts";
import { factorOf } from "../block-keys.ts";
import { blocksWithGroupNorm, decoder, encoder, quantConv } from "../blocks.ts";
import type { FindParameter, Half, InputSize } from "../parameters.ts";
import { decoderGraph, encoderGraph, shapesOfPlanes } from "../planes.ts";
import { checkFlux2Config, decoderWidths, type AutoencoderKLFlux2Config } from "./config.ts";

/** Input sample [N, C, H, W] in [-1, 1], output latent_parameters [N, 2L, h, w]: mean and log-variance. */
export function buildEncoder(config: AutoencoderKLFlux2Config, size: InputSize, find: FindParameter): Graph {
  const { inChannels, latentChannels, useQuantConv } = config;
  return encoderGraph(inChannels, size, find, (context, sample) => {
    const moments = encoder(blocksWithGroupNorm(context, config), sample, config, 2 * latentChannels);
    return { latent_parameters: quantConv(context, "quant_conv", moments, useQuantConv) };
  });
}

/** Input latent_sample [N, L, h, w], output sample [N, C, H, W], about [-1, 1]. `size` is that of the latents. */
export function buildDecoder(config: AutoencoderKLFlux2Config, size: InputSize, find: FindParameter): Graph {
  const { latentChannels, outChannels, usePostQuantConv } = config;
  const levels = { ...config, blockOutChannels: decoderWidths(config) };
  return decoderGraph(latentChannels, size, find, (context, z) => {
    const latents = quantConv(context, "post_quant_conv", z, usePostQuantConv);
    return { sample: decoder(blocksWithGroupNorm(context, config), latents, levels, outChannels) };
  });
}

/** Name and shape of every parameter of the model, the encoder's first. @param half of one half only */
export function parameterShapes(config: AutoencoderKLFlux2Config, half?: Half): Map<string, Shape> {
  checkFlux2Config(config, "parameterShapes");
  return shapesOfPlanes(
    factorOf(config),
    {
      encoder: (size, find) => buildEncoder(config, size, find),
      decoder: (size, find) => buildDecoder(config, size, find),
    },
    half,
  );
}
