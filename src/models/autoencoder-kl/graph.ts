/**
 * AutoencoderKL: the convolutional variational autoencoder of latent diffusion models, as two graphs of the blocks that
 * it shares with other classes. Names are those of diffusers' modules, so they are the checkpoint's keys.
 *
 * Shapes: N batch, C channels, H W pixels, L latent channels, h w latents (H / 2^(levels-1)).
 *
 * @see diffusers, models/autoencoders/autoencoder_kl.py
 */
import type { Graph, Value } from "../../graph/index.ts";
import type { ScaledPixels } from "../../latents/pixel-likelihood.ts";
import type { ModuleContext } from "../../nn/index.ts";
import type { Shape } from "../../tensor/shape.ts";
import { blocksWithGroupNorm, decoderFeatures, decoderOutput, encoder, quantConv } from "../blocks.ts";
import type { FindParameter, Half, InputSize } from "../parameters.ts";
import { isScaleParameter, meansAndScales, scaleOfPlanes, type Decoded } from "../pixel-likelihood.ts";
import { decoderGraph, encoderGraph, shapesOfPlanes } from "../planes.ts";
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
  const features = featuresOf(context, z);
  return decoderOutput(context, features, context.config.outChannels);
}

/** latents z [N, L, h, w] → the mean of each pixel, as {@link decode}, and u of its scale where one is learned. */
export function decodePixels(
  context: AutoencoderKLContext,
  z: Value,
  likelihood: ScaledPixels | undefined,
): Decoded {
  const { outChannels } = context.config;
  const features = featuresOf(context, z);
  const mean = decoderOutput(context, features, outChannels);
  const scale = likelihood && scaleOfPlanes(context, likelihood, features, outChannels);
  return scale === undefined ? { mean } : { mean, scale };
}

/** What the decoder's last convolution sees, [N, F, H, W]. */
function featuresOf(context: AutoencoderKLContext, z: Value): Value {
  const { config } = context;
  const latents = quantConv(context, "post_quant_conv", z, config.usePostQuantConv);
  return decoderFeatures(blocksWithGroupNorm(context, config), latents, config);
}

/** The encoder alone: input sample [N, C, H, W], output latent_parameters [N, 2L, h, w]. */
export function buildEncoder(config: AutoencoderKLConfig, size: InputSize, find: FindParameter): Graph {
  return encoderGraph(config.inChannels, size, find, (context, sample) => ({
    latent_parameters: encode({ config, ...context }, sample),
  }));
}

/** The decoder alone: input latent_sample [N, L, h, w], output sample [N, C, H, W]. `size` is that of the latents. */
export function buildDecoder(config: AutoencoderKLConfig, size: InputSize, find: FindParameter): Graph {
  return decoderGraph(config.latentChannels, size, find, (context, z) => ({
    sample: decode({ config, ...context }, z),
  }));
}

/**
 * The decoder of a distribution: input latent_sample [N, L, h, w], output sample [N, 2C, H, W], the mean of each value and then the
 * scale of each.
 */
export function buildPixelDecoder(
  config: AutoencoderKLConfig,
  likelihood: ScaledPixels,
  size: InputSize,
  find: FindParameter,
): Graph {
  return decoderGraph(config.latentChannels, size, find, (context, z) => ({
    sample: meansAndScales(context.builder, likelihood, decodePixels({ config, ...context }, z, likelihood)),
  }));
}

/** Name and shape of each parameter of the scale, which are none of the model's own. */
export function scaleShapes(config: AutoencoderKLConfig, likelihood: ScaledPixels): Map<string, Shape> {
  const ofDecoder = shapesOfPlanes(
    spatialFactor(config),
    {
      encoder: (size, find) => buildEncoder(config, size, find),
      decoder: (size, find) => buildPixelDecoder(config, likelihood, size, find),
    },
    "decoder",
  );
  return new Map([...ofDecoder].filter(([name]) => isScaleParameter(name)));
}

/**
 * Name and shape of every parameter of the model, the encoder's first: what a checkpoint must hold.
 *
 * @param half of one half only.
 */
export function parameterShapes(config: AutoencoderKLConfig, half?: Half): Map<string, Shape> {
  checkConfig(config, "parameterShapes");
  return shapesOfPlanes(
    spatialFactor(config),
    {
      encoder: (size, find) => buildEncoder(config, size, find),
      decoder: (size, find) => buildDecoder(config, size, find),
    },
    half,
  );
}
