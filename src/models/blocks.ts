/**
 * The blocks of diffusers' convolutional autoencoders, and the two halves that are made of them. Several classes share
 * them: each gives its config's part of it, and how its blocks normalise. Blocks stand in dependency order; names are
 * those of diffusers' modules, so they are the checkpoint's keys.
 *
 * Shapes: N batch, C channels, H W pixels, L latent channels, h w latents (H / 2^(levels-1)).
 *
 * @see Rombach et al. 2022, High-Resolution Image Synthesis with Latent Diffusion Models
 * @see diffusers, models/autoencoders/vae.py (Encoder, Decoder)
 */
import type { Value } from "../graph/index.ts";
import {
  activations,
  attention,
  conv2d,
  groupNorm,
  silu,
  upsampleConv2d,
  type ModuleContext,
} from "../nn/index.ts";
import type { BlocksConfig } from "./block-keys.ts";

/** What the blocks need: a builder, the parameters, and what is the same in all of them. */
export interface BlockContext extends ModuleContext {
  /** After each normalisation of a residual block. */
  activate(x: Value): Value;
  /** Before each activation. x [N, C, H, W] → the same shape. */
  normalize(name: string, x: Value): Value;
  /** Attention with its normalisation and the residual. x [N, C, H, W] → the same shape. */
  attend(name: string, x: Value): Value;
}

/** Blocks with group normalisation, as nearly all classes have them. */
export function blocksWithGroupNorm(
  context: ModuleContext,
  { actFn, normNumGroups }: Pick<BlocksConfig, "actFn" | "normNumGroups">,
): BlockContext {
  return {
    ...context,
    activate: (x) => activations[actFn](context.builder, x),
    normalize: (name, x) => groupNorm(context, name, x, normNumGroups),
    attend: (name, x) =>
      attention(context, name, x, (h) => groupNorm(context, `${name}.group_norm`, h, normNumGroups)),
  };
}

/** h = conv1(act(norm1(x))); h = conv2(act(norm2(h))); shortcut(x) + h. */
function resnetBlock(context: BlockContext, name: string, x: Value, outChannels: number): Value {
  const { builder } = context;
  return builder.scope(name, () => {
    const normalize = (norm: string, h: Value): Value =>
      context.activate(context.normalize(`${name}.${norm}`, h));
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
function downsample(context: BlockContext, name: string, x: Value): Value {
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
function upsample(context: BlockContext, name: string, x: Value): Value {
  return context.builder.scope(name, () => upsampleConv2d(context, `${name}.conv`, x));
}

/** Residual block, attention (unless the config leaves it out), residual block: at the lowest resolution. */
function midBlock(context: BlockContext, name: string, x: Value, hasAttention: boolean): Value {
  const channels = x.shape[1]!;
  let h = resnetBlock(context, `${name}.resnets.0`, x, channels);
  if (hasAttention) h = context.attend(`${name}.attentions.0`, h);
  return resnetBlock(context, `${name}.resnets.1`, h, channels);
}

/** The residual blocks of one level, each followed by attention where the block's type has it. */
function levelBlocks(
  context: BlockContext,
  name: string,
  x: Value,
  options: { outChannels: number; count: number; hasAttention: boolean },
): Value {
  let h = x;
  for (let layer = 0; layer < options.count; layer++) {
    h = resnetBlock(context, `${name}.resnets.${layer}`, h, options.outChannels);
    if (options.hasAttention) h = context.attend(`${name}.attentions.${layer}`, h);
  }
  return h;
}

/** Normalise and SiLU (whatever act_fn is): what the last convolution of either half sees. */
function features(context: BlockContext, name: string, x: Value): Value {
  return silu(context.builder, context.normalize(`${name}.conv_norm_out`, x));
}

/** The last convolution of either half. */
function lastConv(context: ModuleContext, name: string, x: Value, outChannels: number): Value {
  return conv2d(context, `${name}.conv_out`, x, { outChannels, kernelSize: 3 });
}

type LevelsConfig = Pick<BlocksConfig, "blockOutChannels" | "layersPerBlock" | "midBlockAddAttention">;

/** x [N, C, H, W] → [N, outChannels, h, w] (before quant_conv): moments [N, 2L, h, w], or latents. */
export function encoder(
  context: BlockContext,
  x: Value,
  config: LevelsConfig & Pick<BlocksConfig, "downBlockTypes">,
  outChannels: number,
): Value {
  const { blockOutChannels, downBlockTypes, layersPerBlock: count, midBlockAddAttention } = config;
  let h = conv2d(context, "encoder.conv_in", x, { outChannels: blockOutChannels[0]!, kernelSize: 3 });
  blockOutChannels.forEach((channels, level) => {
    const name = `encoder.down_blocks.${level}`;
    const hasAttention = downBlockTypes[level] === "AttnDownEncoderBlock2D";
    h = levelBlocks(context, name, h, { outChannels: channels, count, hasAttention });
    const isLast = level === blockOutChannels.length - 1;
    if (!isLast) h = downsample(context, `${name}.downsamplers.0`, h);
  });
  h = midBlock(context, "encoder.mid_block", h, midBlockAddAttention);
  return lastConv(context, "encoder", features(context, "encoder", h), outChannels);
}

type DecoderConfig = LevelsConfig & Pick<BlocksConfig, "upBlockTypes">;

/** z [N, L, h, w] → x [N, outChannels, H, W] (after post_quant_conv). */
export function decoder(context: BlockContext, z: Value, config: DecoderConfig, outChannels: number): Value {
  return decoderOutput(context, decoderFeatures(context, z, config), outChannels);
}

/** The decoder's last convolution: {@link decoderFeatures} → x [N, outChannels, H, W]. */
export const decoderOutput = (context: ModuleContext, h: Value, outChannels: number): Value =>
  lastConv(context, "decoder", h, outChannels);

/** The decoder without its last convolution. Levels run from the lowest resolution up. */
export function decoderFeatures(context: BlockContext, z: Value, config: DecoderConfig): Value {
  const { blockOutChannels, upBlockTypes, layersPerBlock, midBlockAddAttention } = config;
  const count = layersPerBlock + 1;
  const channelsUpwards = [...blockOutChannels].reverse();
  let h = conv2d(context, "decoder.conv_in", z, { outChannels: channelsUpwards[0]!, kernelSize: 3 });
  h = midBlock(context, "decoder.mid_block", h, midBlockAddAttention);
  channelsUpwards.forEach((channels, level) => {
    const name = `decoder.up_blocks.${level}`;
    const hasAttention = upBlockTypes[level] === "AttnUpDecoderBlock2D";
    h = levelBlocks(context, name, h, { outChannels: channels, count, hasAttention });
    const isLast = level === channelsUpwards.length - 1;
    if (!isLast) h = upsample(context, `${name}.upsamplers.0`, h);
  });
  return features(context, "decoder", h);
}

/** The 1x1 convolution between a half and its latents, where the config has one; else x as it is. */
export function quantConv(context: ModuleContext, name: string, x: Value, isThere: boolean): Value {
  return isThere ? conv2d(context, name, x, { outChannels: x.shape[1]!, kernelSize: 1 }) : x;
}
