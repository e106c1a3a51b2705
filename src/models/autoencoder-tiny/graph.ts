/**
 * AutoencoderTiny (TAESD and its family): convolutions and ReLUs, as two graphs. Without a normalisation every pixel
 * depends on its surroundings only. Names are those of diffusers' modules, so they are the checkpoint's keys.
 *
 * Shapes: N batch, C channels, H W pixels, L latent channels, h w latents (H / 2^(stages-1), rounded up).
 *
 * @see https://github.com/madebyollin/taesd, which TAEF2's pool is of as well
 * @see diffusers, models/autoencoders/{autoencoder_tiny,vae}.py
 */
import type { Graph, Value } from "../../graph/index.ts";
import { activations, conv2d, groupNorm, upsampleConv2d, type ModuleContext } from "../../nn/index.ts";
import type { Shape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { FindParameter, Half, InputSize } from "../parameters.ts";
import { decoderGraph, encoderGraph, shapesOfPlanes } from "../planes.ts";
import { checkTinyConfig, tinySpatialFactor, type AutoencoderTinyConfig } from "./config.ts";

interface Context extends ModuleContext {
  readonly config: AutoencoderTinyConfig;
}

/** Fixed in diffusers' decoder; latentMagnitude has no part in it. */
export const latentLimit = 3;

/** Of TAEF2's pool. */
const poolGroups = 4;
const poolEpsilon = 1e-5;
const poolExpansion = 4;

const scalar = ({ builder }: Context, value: number): Value =>
  builder.constant(`float32(${value})`, Tensor.from(Float32Array.of(value), []));

const activate = ({ builder, config }: Context, x: Value): Value => activations[config.actFn](builder, x);

/** h = conv.4(act(conv.2(act(conv.0(x))))); relu(h + x). */
function block(context: Context, name: string, x: Value): Value {
  const { builder } = context;
  const outChannels = x.shape[1]!;
  return builder.scope(name, () => {
    let h = activate(context, conv2d(context, `${name}.conv.0`, x, { outChannels, kernelSize: 3 }));
    h = activate(context, conv2d(context, `${name}.conv.2`, h, { outChannels, kernelSize: 3 }));
    h = conv2d(context, `${name}.conv.4`, h, { outChannels, kernelSize: 3 });
    return builder.apply("Relu", [builder.apply("Add", [h, x], {})], {});
  });
}

/** x + pool.3(relu(norm(pool.0(x)))): what the whole picture says to each latent. */
function pool(context: Context, name: string, x: Value): Value {
  const { builder } = context;
  const channels = x.shape[1]!;
  return builder.scope(name, () => {
    const convolution = { kernelSize: 1, bias: false } as const;
    const wide = conv2d(context, `${name}.0`, x, { ...convolution, outChannels: poolExpansion * channels });
    const normalized = groupNorm(context, `${name}.1`, wide, poolGroups, poolEpsilon);
    const h = builder.apply("Relu", [normalized], {});
    return builder.apply(
      "Add",
      [x, conv2d(context, `${name}.3`, h, { ...convolution, outChannels: channels })],
      {},
    );
  });
}

/** The blocks of a stage, from the layer of number `first` on. */
function blocks(
  context: Context,
  half: Half,
  first: number,
  x: Value,
  options: { count: number; hasPool: boolean },
): Value {
  let h = x;
  for (let index = first; index < first + options.count; index++) {
    const name = `${half}.layers.${index}`;
    if (options.hasPool) h = pool(context, `${name}.pool`, h);
    h = block(context, name, h);
  }
  return h;
}

/** x [N, C, H, W] in [-1, 1] → latents [N, L, h, w]. */
export function encodeTiny(modules: ModuleContext, x: Value, config: AutoencoderTinyConfig): Value {
  const context: Context = { ...modules, config };
  const { builder } = context;
  const { encoderBlockOutChannels, numEncoderBlocks, latentChannels } = config;
  let layer = 0;
  const next = (): string => `encoder.layers.${layer++}`;
  // To [0, 1].
  const shifted = builder.apply("Add", [x, scalar(context, 1)], {});
  let h = builder.apply("Mul", [shifted, scalar(context, 0.5)], {});
  numEncoderBlocks.forEach((count, stage) => {
    const outChannels = encoderBlockOutChannels[stage]!;
    const resampling = stage === 0 ? {} : ({ stride: 2, bias: false } as const);
    h = conv2d(context, next(), h, { outChannels, kernelSize: 3, ...resampling });
    const hasPool = config.latentPool && stage === numEncoderBlocks.length - 1;
    h = blocks(context, "encoder", layer, h, { count, hasPool });
    layer += count;
  });
  return conv2d(context, next(), h, { outChannels: latentChannels, kernelSize: 3 });
}

/** latents z [N, L, h, w] → x [N, C, H, W], about [-1, 1]. */
export function decodeTiny(modules: ModuleContext, z: Value, config: AutoencoderTinyConfig): Value {
  const context: Context = { ...modules, config };
  const { builder } = context;
  const { decoderBlockOutChannels, numDecoderBlocks, outChannels, upsamplingScalingFactor } = config;
  const limit = scalar(context, latentLimit);
  const limited = builder.apply(
    "Mul",
    [builder.apply("Tanh", [builder.apply("Div", [z, limit], {})], {}), limit],
    {},
  );
  const first = { outChannels: decoderBlockOutChannels[0]!, kernelSize: 3 } as const;
  let h = activate(context, conv2d(context, "decoder.layers.0", limited, first));
  // The activation counts as layer 1.
  let layer = 2;
  numDecoderBlocks.forEach((count, stage) => {
    h = blocks(context, "decoder", layer, h, { count, hasPool: config.latentPool && stage === 0 });
    layer += count;
    if (stage === numDecoderBlocks.length - 1) return;
    const name = `decoder.layers.${layer + 1}`;
    h = upsampleConv2d(context, name, h, { bias: false, factor: upsamplingScalingFactor });
    layer += 2;
  });
  const picture = conv2d(context, `decoder.layers.${layer}`, h, { outChannels, kernelSize: 3 });
  // From [0, 1].
  const doubled = builder.apply("Mul", [picture, scalar(context, 2)], {});
  return builder.apply("Sub", [doubled, scalar(context, 1)], {});
}

/** The encoder alone: input sample [N, C, H, W], output latents [N, L, h, w]. */
export function buildTinyEncoder(config: AutoencoderTinyConfig, size: InputSize, find: FindParameter): Graph {
  return encoderGraph(config.inChannels, size, find, (context, sample) => ({
    latents: encodeTiny(context, sample, config),
  }));
}

/** The decoder alone: input latent_sample [N, L, h, w], output sample [N, C, H, W]. `size` is that of the latents. */
export function buildTinyDecoder(config: AutoencoderTinyConfig, size: InputSize, find: FindParameter): Graph {
  return decoderGraph(config.latentChannels, size, find, (context, z) => ({
    sample: decodeTiny(context, z, config),
  }));
}

/** Name and shape of every parameter, the encoder's first, or of one half only. */
export function tinyParameterShapes(config: AutoencoderTinyConfig, half?: Half): Map<string, Shape> {
  checkTinyConfig(config, "parameterShapes");
  return shapesOfPlanes(
    tinySpatialFactor(config),
    {
      encoder: (size, find) => buildTinyEncoder(config, size, find),
      decoder: (size, find) => buildTinyDecoder(config, size, find),
    },
    half,
  );
}
