/** Shortcuts around a change of resolution, without parameters: means of runs of channels, and channels repeated in a row. */
import type { GraphBuilder, Value } from "../graph/index.ts";
import { Tensor } from "../tensor/tensor.ts";

/**
 * How the pixels of squares are channels: those of a channel one after the other ("CRD", PyTorch's pixel_shuffle), or the
 * channels of a place ("DCR").
 */
export type SquareOrder = "CRD" | "DCR";

/**
 * The channels and the pixels of a square in one row, in their order, and means of equal runs of it.
 *
 * @param x [N, C, H, W]
 * @returns [N, outChannels, H / side, W / side]
 */
export function meansOfRuns(
  builder: GraphBuilder,
  x: Value,
  outChannels: number,
  side: 1 | 2,
  order: SquareOrder = "CRD",
): Value {
  const channels = x.shape[1]!;
  if (side === 1 && outChannels === channels) return x;
  // Runs lie within the channels of a place.
  if (side === 2 && order === "DCR") {
    return pixelUnshuffle(builder, meansOfRuns(builder, x, outChannels / side ** 2, 1), order);
  }
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

/** Squares of pixels as channels. x [N, C, H, W] → [N, 4C, H / 2, W / 2] */
export function pixelUnshuffle(builder: GraphBuilder, x: Value, order: SquareOrder = "CRD"): Value {
  const channels = x.shape[1]!;
  /** Kernels of a single one for each channel, at these places. */
  const picked = (places: readonly number[]): Value => {
    const data = new Float32Array(channels * places.length * 4);
    for (let output = 0; output < channels * places.length; output++) {
      data[output * 4 + places[output % places.length]!] = 1;
    }
    const shape = [channels * places.length, 1, 2, 2];
    return inGroups(builder, x, constant(builder, `picked_${places.join("")}`, shape, data), channels);
  };
  if (order === "CRD") return picked([0, 1, 2, 3]);
  return builder.apply(
    "Concat",
    [0, 1, 2, 3].map((place) => picked([place])),
    { axis: 1 },
  );
}

/** Channels as squares of pixels. x [N, 4C, H, W] → [N, C, 2H, 2W] */
export const pixelShuffle = (builder: GraphBuilder, x: Value, order: SquareOrder = "CRD"): Value =>
  builder.apply("DepthToSpace", [x], { side: 2, mode: order });

/**
 * Every channel repeated in a row, and squares of pixels made of them.
 *
 * @param x [N, C, h, w]
 * @returns [N, outChannels, h · side, w · side]
 */
export function repeatedChannels(
  builder: GraphBuilder,
  x: Value,
  outChannels: number,
  side: 1 | 2,
  order: SquareOrder = "CRD",
): Value {
  const channels = x.shape[1]!;
  const area = side ** 2;
  const times = (outChannels * area) / channels;
  const isNearest = order === "CRD" && times % area === 0;
  if (side === 2 && !isNearest) return pixelShuffle(builder, inARow(builder, x, times), order);
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
