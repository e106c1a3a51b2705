/**
 * AutoencoderDC (DC-AE): stages of residual blocks and of EfficientViT blocks, whose resolutions are changed together with
 * shortcuts that have no parameters. Names are those of diffusers' modules, so they are the checkpoint's keys.
 *
 * Shapes: N batch, C channels, H W pixels, L latent channels, h w latents (H / 2^(stages - 1)).
 *
 * @see Chen et al. 2024, Deep Compression Autoencoder for Efficient High-Resolution Diffusion Models
 * @see diffusers, models/autoencoders/autoencoder_dc.py
 */
import type { Graph, Value } from "../../graph/index.ts";
import {
  activations,
  conv2d,
  meansOfRuns,
  pixelNorm,
  pixelShuffle,
  pixelUnshuffle,
  repeatedChannels,
  upsampleConv2d,
  type ModuleContext,
} from "../../nn/index.ts";
import type { Shape } from "../../tensor/shape.ts";
import type { FindParameter, Half, InputSize } from "../parameters.ts";
import { decoderGraph, encoderGraph, shapesOfPlanes } from "../planes.ts";
import { efficientVitBlock, resBlock } from "./blocks.ts";
import { checkDCConfig, dcSpatialFactor, stagesOf, type Stage } from "./config.ts";
import type { AutoencoderDCConfig } from "./keys.ts";

interface Context extends ModuleContext {
  readonly config: AutoencoderDCConfig;
}

const plus = ({ builder }: Context, a: Value, b: Value): Value => builder.apply("Add", [a, b], {});

/** Half the height and width, with means of runs of channels beside unless it is the first layer. */
function down(context: Context, name: string, x: Value, outChannels: number, hasShortcut = true): Value {
  const { builder, config } = context;
  return builder.scope(name, () => {
    const isUnshuffled = config.downsampleBlockType === "pixel_unshuffle";
    const kernels = { kernelSize: 3, pads: [1, 1, 1, 1] } as const;
    const h = isUnshuffled
      ? pixelUnshuffle(
          builder,
          conv2d(context, `${name}.conv`, x, { ...kernels, outChannels: outChannels / 4 }),
        )
      : conv2d(context, `${name}.conv`, x, { ...kernels, outChannels, stride: 2 });
    return hasShortcut ? plus(context, h, meansOfRuns(builder, x, outChannels, 2)) : h;
  });
}

/** Twice the height and width, with repeated channels beside unless it is the last layer. */
function up(context: Context, name: string, x: Value, outChannels: number, hasShortcut = true): Value {
  const { builder, config } = context;
  return builder.scope(name, () => {
    const h =
      config.upsampleBlockType === "interpolate"
        ? upsampleConv2d(context, `${name}.conv`, x, { outChannels })
        : pixelShuffle(
            builder,
            conv2d(context, `${name}.conv`, x, { outChannels: 4 * outChannels, kernelSize: 3 }),
          );
    return hasShortcut ? plus(context, h, repeatedChannels(builder, x, outChannels, 2)) : h;
  });
}

/** The blocks of a stage, from the place `first` of its list on. */
function blocks(context: Context, name: string, x: Value, stage: Stage, first: number): Value {
  const { attentionHeadDim } = context.config;
  let h = x;
  for (let place = first; place < first + stage.blocks; place++) {
    const block = `${name}.${place}`;
    h =
      stage.blockType === "ResBlock"
        ? resBlock(context, block, h, stage)
        : efficientVitBlock(context, block, h, { headSize: attentionHeadDim, ...stage });
  }
  return h;
}

/** x [N, C, H, W] in [-1, 1] → latents [N, L, h, w]. */
function encode(context: Context, x: Value): Value {
  const { builder, config } = context;
  const { latentChannels, encoderOutShortcut } = config;
  const stages = stagesOf(config, "encoder");
  const [first, second] = stages as [Stage, Stage?];
  let h =
    first.blocks > 0
      ? conv2d(context, "encoder.conv_in", x, { outChannels: first.channels, kernelSize: 3 })
      : down(context, "encoder.conv_in", x, second!.channels, false);
  stages.forEach((stage, index) => {
    const name = `encoder.down_blocks.${index}`;
    h = blocks(context, name, h, stage, 0);
    const next = stages[index + 1];
    if (next !== undefined && stage.blocks > 0) {
      h = down(context, `${name}.${stage.blocks}`, h, next.channels);
    }
  });
  const latents = conv2d(context, "encoder.conv_out", h, { outChannels: latentChannels, kernelSize: 3 });
  return encoderOutShortcut ? plus(context, latents, meansOfRuns(builder, h, latentChannels, 1)) : latents;
}

/** latents z [N, L, h, w] → x [N, C, H, W], about [-1, 1]. */
function decode(context: Context, z: Value): Value {
  const { builder, config } = context;
  const { inChannels, decoderInShortcut, decoderConvActFn } = config;
  const stages = stagesOf(config, "decoder");
  const widest = stages.at(-1)!.channels;
  let h = conv2d(context, "decoder.conv_in", z, { outChannels: widest, kernelSize: 3 });
  if (decoderInShortcut) h = plus(context, h, repeatedChannels(builder, z, widest, 1));
  for (let index = stages.length - 1; index >= 0; index--) {
    const stage = stages[index]!;
    const name = `decoder.up_blocks.${index}`;
    const isLarger = index < stages.length - 1 && stage.blocks > 0;
    if (isLarger) h = up(context, `${name}.0`, h, stage.channels);
    h = blocks(context, name, h, stage, isLarger ? 1 : 0);
  }
  h = activations[decoderConvActFn](builder, pixelNorm(context, "decoder.norm_out", h));
  return stages[0]!.blocks > 0
    ? conv2d(context, "decoder.conv_out", h, { outChannels: inChannels, kernelSize: 3 })
    : up(context, "decoder.conv_out", h, inChannels, false);
}

/** Input sample [N, C, H, W] in [-1, 1], output latent [N, L, h, w]. */
export function buildDCEncoder(config: AutoencoderDCConfig, size: InputSize, find: FindParameter): Graph {
  checkDCConfig(config, "AutoencoderDC");
  return encoderGraph(config.inChannels, size, find, (context, sample) => ({
    latent: encode({ config, ...context }, sample),
  }));
}

/** Input latent_sample [N, L, h, w], output sample [N, C, H, W]. `size` is that of the latents. */
export function buildDCDecoder(config: AutoencoderDCConfig, size: InputSize, find: FindParameter): Graph {
  checkDCConfig(config, "AutoencoderDC");
  return decoderGraph(config.latentChannels, size, find, (context, latents) => ({
    sample: decode({ config, ...context }, latents),
  }));
}

/**
 * Name and shape of every parameter, the encoder's first: what a checkpoint must hold.
 *
 * @param half of one half only.
 */
export function dcParameterShapes(config: AutoencoderDCConfig, half?: Half): Map<string, Shape> {
  return shapesOfPlanes(
    dcSpatialFactor(config),
    {
      encoder: (size, find) => buildDCEncoder(config, size, find),
      decoder: (size, find) => buildDCDecoder(config, size, find),
    },
    half,
  );
}
