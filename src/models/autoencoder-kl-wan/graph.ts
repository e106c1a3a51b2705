/**
 * The autoencoders of Wan and Qwen-Image for single pictures: a video's first frame meets a network of two dimensions.
 * Names are those of diffusers' modules, so they are the checkpoint's keys.
 *
 * Shapes: N batch, C channels, H W pixels, L latent channels, h w latents (H / factor).
 *
 * @see diffusers, models/autoencoders/autoencoder_kl_wan.py, autoencoder_kl_qwenimage.py, autoencoder_kl_qwenimage21.py
 */
import { GraphBuilder, type Graph, type Value } from "../../graph/index.ts";
import { conv2d } from "../../nn/index.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { FindParameter, Half, InputSize } from "../parameters.ts";
import { shapesOfPlanes } from "../planes.ts";
import { decoderWidths, encoderWidths, factorOf, framesOf, type Architecture } from "./architecture.ts";
import { activatedConv, attentionBlock, residualBlock, wanContext, type WanContext } from "./layers.ts";
import { averagedDown, downsample, patchified, repeatedUp, unpatchified, upsample } from "./resampling.ts";

/** Residual block, attention, residual block: at the lowest resolution. */
function midBlock(context: WanContext, name: string, x: Value): Value {
  const channels = x.shape[1]!;
  let h = residualBlock(context, `${name}.resnets.0`, x, channels);
  h = attentionBlock(context, `${name}.attentions.0`, h);
  return residualBlock(context, `${name}.resnets.1`, h, channels);
}

/** x [N, C, H, W] → moments [N, 2L, h, w], before quant_conv. Levels run from the highest resolution down. */
function encoder(context: WanContext, x: Value, architecture: Architecture): Value {
  const { latentChannels, multiples, isResidual, blocksPerLevel } = architecture;
  const { builder } = context;
  const [width, ...widths] = encoderWidths(architecture) as [number, ...number[]];
  let h = conv2d(context.causal, "encoder.conv_in", x, { outChannels: width, kernelSize: 3 });
  let blocks = 0;
  /** Levels without shortcuts are one list of blocks. */
  const nameOf = (level: number, inside: string): string =>
    `encoder.down_blocks.${isResidual ? `${level}.${inside}` : blocks++}`;
  widths.forEach((channels, level) => {
    const before = h;
    const isLast = level === multiples.length - 1;
    const frames = framesOf(architecture, level);
    for (let block = 0; block < blocksPerLevel; block++) {
      h = residualBlock(context, nameOf(level, `resnets.${block}`), h, channels);
    }
    if (!isLast) h = downsample(context, nameOf(level, "downsampler"), h, frames);
    if (!isResidual) return;
    const change = { outChannels: channels, frames, side: isLast ? 1 : 2 } as const;
    h = builder.apply("Add", [h, averagedDown(builder, before, change)], {});
  });
  h = midBlock(context, "encoder.mid_block", h);
  return activatedConv(context, ["encoder.norm_out", "encoder.conv_out"], h, 2 * latentChannels);
}

/** z [N, L, h, w], after post_quant_conv → x [N, outChannels, H, W]. Levels run from the lowest resolution up. */
function decoder(context: WanContext, z: Value, architecture: Architecture, outChannels: number): Value {
  const { multiples, isResidual, blocksPerLevel } = architecture;
  const { builder } = context;
  const [width, ...widths] = decoderWidths(architecture) as [number, ...number[]];
  let h = conv2d(context.causal, "decoder.conv_in", z, { outChannels: width, kernelSize: 3 });
  h = midBlock(context, "decoder.mid_block", h);
  widths.forEach((channels, level) => {
    const name = `decoder.up_blocks.${level}`;
    const before = h;
    for (let block = 0; block <= blocksPerLevel; block++) {
      h = residualBlock(context, `${name}.resnets.${block}`, h, channels);
    }
    if (level === multiples.length - 1) return;
    const frames = framesOf(architecture, multiples.length - 2 - level);
    if (!isResidual) {
      h = upsample(context, `${name}.upsamplers.0`, h, { frames, outChannels: Math.floor(channels / 2) });
      return;
    }
    h = upsample(context, `${name}.upsampler`, h, { frames, outChannels: channels });
    h = builder.apply(
      "Add",
      [h, repeatedUp(builder, before, { outChannels: channels, frames, side: 2 })],
      {},
    );
  });
  return activatedConv(context, ["decoder.norm_out", "decoder.conv_out"], h, outChannels);
}

/** Input sample [N, C, H, W] in [-1, 1], output latent_parameters [N, 2L, h, w]: mean and log-variance. */
export function buildEncoder(architecture: Architecture, size: InputSize, find: FindParameter): Graph {
  const builder = new GraphBuilder("encoder");
  const context = wanContext(builder, find, architecture.hasTime);
  const { batch, height, width } = size;
  const sample = builder.input("sample", "float32", [batch, architecture.inChannels, height, width]);
  const moments = encoder(context, patchified(builder, sample, architecture.patchSize), architecture);
  return builder.build({
    latent_parameters: conv2d(context.causal, "quant_conv", moments, {
      outChannels: moments.shape[1]!,
      kernelSize: 1,
    }),
  });
}

/** Input latent_sample [N, L, h, w], output sample [N, C, H, W], clamped to [-1, 1]. `size` is that of the latents. */
export function buildDecoder(architecture: Architecture, size: InputSize, find: FindParameter): Graph {
  const builder = new GraphBuilder("decoder");
  const patches = decodedPatches(builder, architecture, size, find);
  const sample = unpatchified(builder, patches, architecture.patchSize);
  return builder.build({ sample: builder.apply("Clip", [sample], { min: -1, max: 1 }) });
}

/** What diffusers cross-fades of a tile: neither clamped nor brought out of patches. */
export function buildTileDecoder(architecture: Architecture, size: InputSize, find: FindParameter): Graph {
  const builder = new GraphBuilder("tile_decoder");
  return builder.build({ patches: decodedPatches(builder, architecture, size, find) });
}

function decodedPatches(
  builder: GraphBuilder,
  architecture: Architecture,
  { batch, height, width }: InputSize,
  find: FindParameter,
): Value {
  const { latentChannels, outChannels, patchSize, hasTime } = architecture;
  const context = wanContext(builder, find, hasTime);
  const z = builder.input("latent_sample", "float32", [batch, latentChannels, height, width]);
  const latents = conv2d(context.causal, "post_quant_conv", z, {
    outChannels: latentChannels,
    kernelSize: 1,
  });
  return decoder(context, latents, architecture, outChannels * patchSize ** 2);
}

/**
 * Name and shape of every parameter of the model, the encoder's first: what a checkpoint must hold.
 *
 * @param half of one half only.
 */
export function parameterShapes(architecture: Architecture, half?: Half): Map<string, Shape> {
  return shapesOfPlanes(
    factorOf(architecture),
    {
      encoder: (size, find) => buildEncoder(architecture, size, find),
      decoder: (size, find) => buildDecoder(architecture, size, find),
    },
    half,
  );
}
