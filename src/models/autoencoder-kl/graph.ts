/**
 * AutoencoderKL: the convolutional variational autoencoder of latent diffusion models, as two graphs.
 * Blocks stand in dependency order; names are those of diffusers' modules, so they are the checkpoint's keys.
 *
 * Shapes: N batch, C channels, H W pixels, L latent channels, h w latents (H / 2^(levels-1)).
 *
 * @see Rombach et al. 2022, High-Resolution Image Synthesis with Latent Diffusion Models
 * @see diffusers, models/autoencoders/{autoencoder_kl,vae}.py
 */
import { GraphBuilder, type Graph, type Value } from "../../graph/index.ts";
import { activations, attention, conv2d, groupNorm, silu, upsampleConv2d } from "../../nn/index.ts";
import type { ModuleContext } from "../../nn/index.ts";
import type { Shape } from "../../tensor/shape.ts";
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
type Context = AutoencoderKLContext;

/** h = conv1(act(norm1(x))); h = conv2(act(norm2(h))); shortcut(x) + h. */
function resnetBlock(context: Context, name: string, x: Value, outChannels: number): Value {
  const { builder, config } = context;
  const activation = activations[config.actFn];
  return builder.scope(name, () => {
    const normalize = (norm: string, h: Value): Value =>
      activation(builder, groupNorm(context, `${name}.${norm}`, h, config.normNumGroups));
    let h = conv2d(context, `${name}.conv1`, normalize("norm1", x), { outChannels, kernelSize: 3 });
    h = conv2d(context, `${name}.conv2`, normalize("norm2", h), { outChannels, kernelSize: 3 });
    const shortcut =
      x.shape[1] === outChannels
        ? x
        : conv2d(context, `${name}.conv_shortcut`, x, { outChannels, kernelSize: 1 });
    return builder.apply("Add", [shortcut, h], {});
  });
}

/** Half the height and width. diffusers pads only the bottom and the right, then convolves with stride 2. */
function downsample(context: Context, name: string, x: Value): Value {
  return context.builder.scope(name, () =>
    conv2d(context, `${name}.conv`, x, {
      outChannels: x.shape[1]!,
      kernelSize: 3,
      stride: 2,
      pads: [0, 0, 1, 1],
    }),
  );
}

/** Twice the height and width: nearest neighbour, then a convolution. */
function upsample(context: Context, name: string, x: Value): Value {
  return context.builder.scope(name, () => upsampleConv2d(context, `${name}.conv`, x));
}

/** Residual block, attention (unless the config leaves it out), residual block: at the lowest resolution. */
function midBlock(context: Context, name: string, x: Value): Value {
  const { config } = context;
  const channels = x.shape[1]!;
  let h = resnetBlock(context, `${name}.resnets.0`, x, channels);
  if (config.midBlockAddAttention) h = attention(context, `${name}.attentions.0`, h, config.normNumGroups);
  return resnetBlock(context, `${name}.resnets.1`, h, channels);
}

/** The residual blocks of one level, each followed by attention where the block's type has it. */
function levelBlocks(
  context: Context,
  name: string,
  x: Value,
  options: { outChannels: number; count: number; hasAttention: boolean },
): Value {
  let h = x;
  for (let layer = 0; layer < options.count; layer++) {
    h = resnetBlock(context, `${name}.resnets.${layer}`, h, options.outChannels);
    if (options.hasAttention) {
      h = attention(context, `${name}.attentions.${layer}`, h, context.config.normNumGroups);
    }
  }
  return h;
}

/** Normalise, SiLU (whatever act_fn is) and the last convolution of either half. */
function head(context: Context, name: string, x: Value, outChannels: number): Value {
  const normalized = groupNorm(context, `${name}.conv_norm_out`, x, context.config.normNumGroups);
  return conv2d(context, `${name}.conv_out`, silu(context.builder, normalized), {
    outChannels,
    kernelSize: 3,
  });
}

/** x [N, C, H, W] → moments [N, 2L, h, w] (before quant_conv). */
function encoder(context: Context, x: Value): Value {
  const { blockOutChannels, downBlockTypes, layersPerBlock, latentChannels } = context.config;
  let h = conv2d(context, "encoder.conv_in", x, { outChannels: blockOutChannels[0]!, kernelSize: 3 });
  blockOutChannels.forEach((outChannels, level) => {
    const name = `encoder.down_blocks.${level}`;
    const hasAttention = downBlockTypes[level] === "AttnDownEncoderBlock2D";
    h = levelBlocks(context, name, h, { outChannels, count: layersPerBlock, hasAttention });
    const isLast = level === blockOutChannels.length - 1;
    if (!isLast) h = downsample(context, `${name}.downsamplers.0`, h);
  });
  h = midBlock(context, "encoder.mid_block", h);
  return head(context, "encoder", h, 2 * latentChannels);
}

/** z [N, L, h, w] → x [N, C, H, W] (after post_quant_conv). Levels run from the lowest resolution up. */
function decoder(context: Context, z: Value): Value {
  const { blockOutChannels, upBlockTypes, layersPerBlock, outChannels } = context.config;
  const channelsUpwards = [...blockOutChannels].reverse();
  let h = conv2d(context, "decoder.conv_in", z, { outChannels: channelsUpwards[0]!, kernelSize: 3 });
  h = midBlock(context, "decoder.mid_block", h);
  channelsUpwards.forEach((channels, level) => {
    const name = `decoder.up_blocks.${level}`;
    const hasAttention = upBlockTypes[level] === "AttnUpDecoderBlock2D";
    h = levelBlocks(context, name, h, { outChannels: channels, count: layersPerBlock + 1, hasAttention });
    const isLast = level === channelsUpwards.length - 1;
    if (!isLast) h = upsample(context, `${name}.upsamplers.0`, h);
  });
  return head(context, "decoder", h, outChannels);
}

/** sample [N, C, H, W] in [-1, 1] → latent_parameters [N, 2L, h, w]: mean and log-variance. */
export function encode(context: AutoencoderKLContext, sample: Value): Value {
  const { useQuantConv, latentChannels } = context.config;
  const moments = encoder(context, sample);
  if (!useQuantConv) return moments;
  return conv2d(context, "quant_conv", moments, { outChannels: 2 * latentChannels, kernelSize: 1 });
}

/** latents z [N, L, h, w] → sample [N, C, H, W], about [-1, 1]. */
export function decode(context: AutoencoderKLContext, z: Value): Value {
  const { usePostQuantConv, latentChannels } = context.config;
  if (!usePostQuantConv) return decoder(context, z);
  return decoder(
    context,
    conv2d(context, "post_quant_conv", z, { outChannels: latentChannels, kernelSize: 1 }),
  );
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
