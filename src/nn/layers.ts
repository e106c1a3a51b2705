/** The layers: convolution, linear layers, normalisation. Each puts its operators into the graph. */
import { isWinogradFaster } from "../cost/index.ts";
import { VaekitError } from "../errors.ts";
import type { GraphBuilder, Pads, Value } from "../graph/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { ModuleContext } from "./context.ts";
import { groupNormByMoments } from "./group-norm.ts";
import { winogradConv2d } from "./winograd.ts";

/** diffusers' GroupNorm epsilon, everywhere in a VAE. */
const groupNormEpsilon = 1e-6;

/** A convolution, with bias unless `bias` is false. x [N, Cin, H, W] → [N, outChannels, H', W']. */
export function conv2d(
  context: ModuleContext,
  name: string,
  x: Value,
  options: {
    outChannels: number;
    kernelSize: number;
    stride?: 1 | 2;
    /** By default what keeps the size of a picture: 1 on every side for kernels of 3 and 4, none for a kernel of 1. */
    pads?: Pads;
    bias?: boolean;
    /** In how many groups the channels are. @default 1 */
    group?: number;
  },
): Value {
  const { outChannels, kernelSize, stride = 1, bias: hasBias = true, group = 1 } = options;
  const margin = Math.floor((kernelSize - 1) / 2);
  const pads = options.pads ?? [margin, margin, margin, margin];
  return context.builder.labelled({ layer: name }, () => {
    const inChannels = x.shape[1]! / group;
    const weight = context.parameter(`${name}.weight`, [outChannels, inChannels, kernelSize, kernelSize]);
    const bias = hasBias ? [context.parameter(`${name}.bias`, [outChannels])] : [];
    const isPlain = kernelSize === 3 && group === 1 && stride === 1 && pads.every((pad) => pad === 1);
    if (context.isTraining === true && isPlain && isWinogradFaster(x, outChannels)) {
      return winogradConv2d(context.builder, x, weight, ...bias);
    }
    const attributes = { strides: [stride, stride], pads, ...(group === 1 ? {} : { group }) } as const;
    return context.builder.apply("Conv", [x, weight, ...bias], attributes);
  });
}

/**
 * A Linear layer over the last axis: x · weightᵀ + bias. x [N, in] → [N, outFeatures]. The weight stays [out, in]
 * as PyTorch has it; ONNX Runtime folds the transpose into the product.
 */
export function dense(context: ModuleContext, name: string, x: Value, outFeatures: number): Value {
  const { builder } = context;
  return builder.labelled({ layer: name }, () => {
    const weight = context.parameter(`${name}.weight`, [outFeatures, x.shape.at(-1)!]);
    const bias = context.parameter(`${name}.bias`, [outFeatures]);
    const transposed = builder.apply("Transpose", [weight], { perm: [1, 0] });
    return builder.apply("Add", [builder.apply("MatMul", [x, transposed], {}), bias], {});
  });
}

/**
 * A Linear layer over channels, written as a 1x1 convolution: the weight [out, in] has the bytes of
 * [out, in, 1, 1], and no transpose is needed. x [N, C, H, W] → [N, C, H, W].
 */
export function linear(
  context: ModuleContext,
  name: string,
  x: Value,
  options: { readonly outChannels?: number; readonly bias?: boolean } = {},
): Value {
  const channels = x.shape[1]!;
  const { outChannels = channels, bias: hasBias = true } = options;
  return context.builder.labelled({ layer: name }, () => {
    const shape = [outChannels, channels];
    const weight = context.parameter(`${name}.weight`, shape, [...shape, 1, 1]);
    const bias = hasBias ? [context.parameter(`${name}.bias`, [outChannels])] : [];
    return context.builder.apply("Conv", [x, weight, ...bias], { strides: [1, 1], pads: [0, 0, 0, 0] });
  });
}

/**
 * Group normalisation over (C / groups, H, W) with biased variance. x [N, C, H, W] → the same shape.
 *
 * Written through InstanceNormalization, which ONNX Runtime computes about four times as fast as its
 * GroupNormalization.
 */
export function groupNorm(
  context: ModuleContext,
  name: string,
  x: Value,
  groups: number,
  epsilon = groupNormEpsilon,
): Value {
  const norm = context.isTraining === true ? groupNormByMoments : groupNormByInstance;
  return context.builder.labelled({ layer: name }, () => norm(context, name, x, groups, epsilon));
}

function groupNormByInstance(
  context: ModuleContext,
  name: string,
  x: Value,
  groups: number,
  epsilon: number,
): Value {
  const { builder } = context;
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  const ones = builder.constant(`ones_${groups}`, Tensor.from(new Float32Array(groups).fill(1), [groups]));
  const zeros = builder.constant(`zeros_${groups}`, Tensor.zeros([groups]));
  const grouped = builder.apply("Reshape", [x], {
    shape: [batch, groups, (channels / groups) * height * width],
  }); // [N, G, C/G·H·W]
  const standardized = builder.apply("InstanceNormalization", [grouped, ones, zeros], {
    epsilon,
  });
  const restored = builder.apply("Reshape", [standardized], { shape: x.shape }); // [N, C, H, W]
  const { weight, bias } = channelParameters(context, name, channels);
  const output = scaleChannels(builder, restored, weight, bias);
  const inputs = [x, weight, bias] as const;
  return builder.composite({ kind: "GroupNormalization", inputs, output, groups, epsilon });
}

/** weight · x + bias, one of each for a channel. x [N, C, H, W] → the same shape. */
function scaleChannels(builder: GraphBuilder, x: Value, weight: Value, bias: Value): Value {
  return builder.apply("Add", [builder.apply("Mul", [x, weight], {}), bias], {});
}

/** Two parameters with one value for each channel, [C, 1, 1]. */
function channelParameters(context: ModuleContext, name: string, channels: number) {
  return {
    weight: context.parameter(`${name}.weight`, [channels], [channels, 1, 1]),
    bias: context.parameter(`${name}.bias`, [channels], [channels, 1, 1]),
  };
}

/** PyTorch's BatchNorm2d epsilon. */
const batchNormEpsilon = 1e-5;

/**
 * Batch normalisation as in training: over (N, H, W) of this very batch, with biased variance; there are no
 * running statistics. x [N, C, H, W] → the same shape.
 *
 * @throws INVALID_ARGUMENT when a channel has one value only, whose variance is 0 (PyTorch refuses it, too).
 */
export function batchNorm(context: ModuleContext, name: string, x: Value): Value {
  const { builder } = context;
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  if (batch * height * width === 1) {
    const message = `${name}: batch normalisation needs more than one value for each channel, found [1, ${channels}, 1, 1]; use a larger batch or picture, or another norm.`;
    throw new VaekitError("INVALID_ARGUMENT", message);
  }
  return builder.labelled({ layer: name }, () => {
    const ones = builder.constant(
      `ones_${channels}`,
      Tensor.from(new Float32Array(channels).fill(1), [channels]),
    );
    const zeros = builder.constant(`zeros_${channels}`, Tensor.zeros([channels]));
    const swap = (value: Value): Value => builder.apply("Transpose", [value], { perm: [1, 0, 2, 3] });
    const swapped = swap(x); // [C, N, H, W]
    const rows = builder.apply("Reshape", [swapped], { shape: [1, channels, batch * height * width] });
    const standardized = builder.apply("InstanceNormalization", [rows, ones, zeros], {
      epsilon: batchNormEpsilon,
    });
    const restored = swap(builder.apply("Reshape", [standardized], { shape: swapped.shape })); // [N, C, H, W]
    const { weight, bias } = channelParameters(context, name, channels);
    return scaleChannels(builder, restored, weight, bias);
  });
}

/**
 * Batch normalisation with the statistics that training left, as a factor and a summand for each channel. x [N, C, H, W] → the
 * same shape.
 */
export function storedBatchNorm(context: ModuleContext, name: string, x: Value): Value {
  const { builder } = context;
  const channels = x.shape[1]!;
  const stored = (part: string): Value => context.parameter(`${name}.${part}`, [channels], [channels, 1, 1]);
  return builder.labelled({ layer: name }, () => {
    const { weight, bias } = channelParameters(context, name, channels);
    const epsilon = builder.constant(
      `float32(${batchNormEpsilon})`,
      Tensor.from(Float32Array.of(batchNormEpsilon), []),
    );
    const variance = builder.apply("Add", [stored("running_var"), epsilon], {});
    const scale = builder.apply("Div", [weight, builder.apply("Sqrt", [variance], {})], {});
    const shift = builder.apply("Sub", [bias, builder.apply("Mul", [stored("running_mean"), scale], {})], {});
    return scaleChannels(builder, x, scale, shift);
  });
}
