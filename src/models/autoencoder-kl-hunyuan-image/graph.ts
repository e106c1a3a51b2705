/**
 * AutoencoderKLHunyuanImage: residual blocks with group normalisation, attention in the middle, and changes of resolution with
 * shortcuts that have no parameters. Names are those of diffusers' modules, so they are the checkpoint's keys.
 *
 * Shapes: N batch, C channels, H W pixels, L latent channels, h w latents (H / ratio).
 *
 * @see diffusers, models/autoencoders/autoencoder_kl_hunyuanimage.py
 */
import type { Graph, Value } from "../../graph/index.ts";
import {
  attend,
  conv2d,
  groupNorm,
  meansOfRuns,
  pixelShuffle,
  pixelUnshuffle,
  repeatedChannels,
  silu,
  type ModuleContext,
} from "../../nn/index.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { FindParameter, Half, InputSize } from "../parameters.ts";
import { decoderGraph, encoderGraph, shapesOfPlanes } from "../planes.ts";
import { normGroups, type AutoencoderKLHunyuanImageConfig } from "./config.ts";

const plus = ({ builder }: ModuleContext, a: Value, b: Value): Value => builder.apply("Add", [a, b], {});

/** Normalise, SiLU and a 3x3 convolution. */
function activatedConv(
  context: ModuleContext,
  [norm, conv]: readonly [norm: string, conv: string],
  x: Value,
  outChannels: number,
): Value {
  const activated = silu(context.builder, groupNorm(context, norm, x, normGroups));
  return conv2d(context, conv, activated, { outChannels, kernelSize: 3 });
}

/** conv2(silu(norm2(conv1(silu(norm1(x)))))) + x */
function resnetBlock(context: ModuleContext, name: string, x: Value): Value {
  const channels = x.shape[1]!;
  return context.builder.scope(name, () => {
    let h = activatedConv(context, [`${name}.norm1`, `${name}.conv1`], x, channels);
    h = activatedConv(context, [`${name}.norm2`, `${name}.conv2`], h, channels);
    return plus(context, h, x);
  });
}

/** x + proj(softmax(q kᵀ / √C) v), with q, k, v from the normalised x. */
function attentionBlock(context: ModuleContext, name: string, x: Value): Value {
  const { builder } = context;
  return builder.scope(name, () => {
    const pointwise = { outChannels: x.shape[1]!, kernelSize: 1 };
    const normalized = groupNorm(context, `${name}.norm`, x, normGroups);
    const [query, key, value] = ["to_q", "to_k", "to_v"].map((part) =>
      conv2d(context, `${name}.${part}`, normalized, pointwise),
    ) as [Value, Value, Value];
    const attended = builder.labelled({ layer: name }, () => attend(context, query, key, value));
    return plus(context, conv2d(context, `${name}.proj`, attended, pointwise), x);
  });
}

function midBlock(context: ModuleContext, name: string, x: Value): Value {
  let h = resnetBlock(context, `${name}.resnets.0`, x);
  h = attentionBlock(context, `${name}.attentions.0`, h);
  return resnetBlock(context, `${name}.resnets.1`, h);
}

/** Half the height and width: the places of squares become channels, with means of runs of them beside. */
function down(context: ModuleContext, name: string, x: Value, outChannels: number): Value {
  const { builder } = context;
  return builder.scope(name, () => {
    const h = conv2d(context, `${name}.conv`, x, { outChannels: outChannels / 4, kernelSize: 3 });
    return plus(context, pixelUnshuffle(builder, h, "DCR"), meansOfRuns(builder, x, outChannels, 2, "DCR"));
  });
}

/** Twice the height and width: channels become the places of squares, with repeated ones beside. */
function up(context: ModuleContext, name: string, x: Value, outChannels: number): Value {
  const { builder } = context;
  return builder.scope(name, () => {
    const h = conv2d(context, `${name}.conv`, x, { outChannels: 4 * outChannels, kernelSize: 3 });
    return plus(
      context,
      pixelShuffle(builder, h, "DCR"),
      repeatedChannels(builder, x, outChannels, 2, "DCR"),
    );
  });
}

/** The levels of a half, in one list of blocks: residual blocks, and what changes the resolution after them. */
function levels(
  context: ModuleContext,
  list: string,
  x: Value,
  options: { widths: readonly number[]; blocks: number; changes: number; change: typeof down },
): Value {
  const { widths, blocks, changes, change } = options;
  let h = x;
  let place = 0;
  widths.forEach((_, level) => {
    for (let block = 0; block < blocks; block++) h = resnetBlock(context, `${list}.${place++}`, h);
    if (level < changes) h = change(context, `${list}.${place++}`, h, widths[level + 1]!);
  });
  return h;
}

/** x [N, C, H, W] in [-1, 1] → moments [N, 2L, h, w]. */
function encode(context: ModuleContext, x: Value, config: AutoencoderKLHunyuanImageConfig): Value {
  const { latentChannels, blockOutChannels, layersPerBlock, spatialCompressionRatio } = config;
  let h = conv2d(context, "encoder.conv_in", x, { outChannels: blockOutChannels[0]!, kernelSize: 3 });
  h = levels(context, "encoder.down_blocks", h, {
    widths: blockOutChannels,
    blocks: layersPerBlock,
    changes: Math.log2(spatialCompressionRatio),
    change: down,
  });
  h = midBlock(context, "encoder.mid_block", h);
  const moments = activatedConv(context, ["encoder.norm_out", "encoder.conv_out"], h, 2 * latentChannels);
  return plus(context, moments, meansOfRuns(context.builder, h, 2 * latentChannels, 1));
}

/** latents z [N, L, h, w] → x [N, C, H, W], about [-1, 1]. */
function decode(context: ModuleContext, z: Value, config: AutoencoderKLHunyuanImageConfig): Value {
  const { outChannels, blockOutChannels, layersPerBlock, spatialCompressionRatio } = config;
  const widths = blockOutChannels.toReversed();
  const entering = conv2d(context, "decoder.conv_in", z, { outChannels: widths[0]!, kernelSize: 3 });
  let h = plus(context, entering, repeatedChannels(context.builder, z, widths[0]!, 1));
  h = midBlock(context, "decoder.mid_block", h);
  h = levels(context, "decoder.up_blocks", h, {
    widths,
    blocks: layersPerBlock + 1,
    changes: Math.log2(spatialCompressionRatio),
    change: up,
  });
  return activatedConv(context, ["decoder.norm_out", "decoder.conv_out"], h, outChannels);
}

/** Input sample [N, C, H, W] in [-1, 1], output latent_parameters [N, 2L, h, w]: mean and log-variance. */
export function buildHunyuanImageEncoder(
  config: AutoencoderKLHunyuanImageConfig,
  size: InputSize,
  find: FindParameter,
): Graph {
  return encoderGraph(config.inChannels, size, find, (context, sample) => ({
    latent_parameters: encode(context, sample, config),
  }));
}

/** Input latent_sample [N, L, h, w], output sample [N, C, H, W]. The size is that of the latents. */
export function buildHunyuanImageDecoder(
  config: AutoencoderKLHunyuanImageConfig,
  size: InputSize,
  find: FindParameter,
): Graph {
  return decoderGraph(config.latentChannels, size, find, (context, latents) => ({
    sample: decode(context, latents, config),
  }));
}

/**
 * Name and shape of every parameter, the encoder's first: what a checkpoint must hold.
 *
 * @param half of one half only.
 */
export function hunyuanImageShapes(config: AutoencoderKLHunyuanImageConfig, half?: Half): Map<string, Shape> {
  return shapesOfPlanes(
    config.spatialCompressionRatio,
    {
      encoder: (size, find) => buildHunyuanImageEncoder(config, size, find),
      decoder: (size, find) => buildHunyuanImageDecoder(config, size, find),
    },
    half,
  );
}
