/** Shortcuts around a change of resolution, without parameters: means of runs of channels, and channels repeated in a row. */
import type { GraphBuilder, Value } from "../graph/index.ts";
import { Tensor } from "../tensor/tensor.ts";

/**
 * The channels and the pixels of a square in one row, as pixel_unshuffle has them, and means of equal runs of it.
 *
 * @param x [N, C, H, W]
 * @returns [N, outChannels, H / side, W / side]
 */
export function meansOfRuns(builder: GraphBuilder, x: Value, outChannels: number, side: 1 | 2): Value {
  const channels = x.shape[1]!;
  if (side === 1 && outChannels === channels) return x;
  const area = side ** 2;
  const run = (channels * area) / outChannels;
  // A group of outputs reads a group of channels, and no others.
  const group = greatestCommonDivisor(channels, outChannels);
  const inGroup = channels / group;
  const data = new Float32Array(outChannels * inGroup * area);
  for (let output = 0; output < outChannels; output++) {
    for (let place = output * run; place < (output + 1) * run; place++) {
      data[(output * inGroup + (Math.floor(place / area) % inGroup)) * area + (place % area)] = 1 / run;
    }
  }
  const kernels = constant(builder, `means_of_${run}`, [outChannels, inGroup, side, side], data);
  return inGroups(builder, x, kernels, group);
}

/** Squares of pixels as channels, PyTorch's pixel_unshuffle. x [N, C, H, W] → [N, 4C, H / 2, W / 2] */
export function pixelUnshuffle(builder: GraphBuilder, x: Value): Value {
  const channels = x.shape[1]!;
  const area = 4;
  const data = new Float32Array(channels * area * area);
  for (let output = 0; output < channels * area; output++) data[output * area + (output % area)] = 1;
  const kernels = constant(builder, "pixel_unshuffle", [channels * area, 1, 2, 2], data);
  return inGroups(builder, x, kernels, channels);
}

/** Channels as squares of pixels, PyTorch's pixel_shuffle. x [N, 4C, H, W] → [N, C, 2H, 2W] */
export const pixelShuffle = (builder: GraphBuilder, x: Value): Value =>
  builder.apply("DepthToSpace", [x], { side: 2, mode: "CRD" });

/**
 * Every channel repeated in a row, and squares of pixels made of them, as pixel_shuffle does.
 *
 * @param x [N, C, h, w]
 * @returns [N, outChannels, h · side, w · side]
 */
export function repeatedChannels(builder: GraphBuilder, x: Value, outChannels: number, side: 1 | 2): Value {
  const channels = x.shape[1]!;
  const area = side ** 2;
  const times = (outChannels * area) / channels;
  if (times % area !== 0) return pixelShuffle(builder, inARow(builder, x, times));
  const repeated = inARow(builder, x, times / area);
  return side === 1 ? repeated : builder.apply("Resize", [repeated], { scales: [side, side] });
}

function inARow(builder: GraphBuilder, x: Value, times: number): Value {
  if (times === 1) return x;
  const channels = x.shape[1]!;
  const ones = new Float32Array(channels * times).fill(1);
  const kernels = constant(builder, "repeated_channels", [channels * times, 1, 1, 1], ones);
  return inGroups(builder, x, kernels, channels);
}

/** A convolution by kernels that lie beside each other. */
function inGroups(builder: GraphBuilder, x: Value, kernels: Value, group: number): Value {
  const [height, width] = kernels.shape.slice(2) as [number, number];
  const attributes = { strides: [height, width], pads: [0, 0, 0, 0] } as const;
  return builder.apply("Conv", [x, kernels], group === 1 ? attributes : { ...attributes, group });
}

/** Constants of one name are one value: the name says all that the numbers depend on. */
const constant = (
  builder: GraphBuilder,
  name: string,
  shape: readonly number[],
  data: Float32Array<ArrayBuffer>,
): Value => builder.constant(`${name}_${shape.join("x")}`, Tensor.from(data, shape));

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
