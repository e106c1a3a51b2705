/**
 * Gradients of convolutions, in the formulations that ONNX Runtime computes fastest (docs/log/training-step.md).
 *
 * With respect to the input: the convolution with the kernel turned by 180 degrees, or, for larger strides, the
 * transposed convolution. With respect to the weights: one matrix product over the pixels for all taps at once.
 */
import { isWinogradGradientFaster } from "../../cost/index.ts";
import { VaekitError } from "../../errors.ts";
import type { GraphBuilder, NodeOf, Value } from "../../graph/index.ts";
import { winogradWeightGradient } from "../../nn/index.ts";
import { reshape, transposed } from "../arithmetic.ts";
import type { GradientRule } from "../rule.ts";
import { constantMatrix, tapKernels, tapsInside, turned, zeros } from "./kernels.ts";

type Conv = NodeOf<"Conv">;
type Picture = [number, number, number, number];

export const convGradient: GradientRule<"Conv"> = (node, dy, { builder, wants }) => {
  if (dy.shape.length !== 4) {
    const message = `${node.output.name}: the convolution of a stack of pictures has no gradient: only rewrites of finished graphs make one.`;
    throw new VaekitError("UNSUPPORTED", message);
  }
  if (node.attributes.group !== undefined && node.attributes.group !== 1) {
    const message = `${node.output.name}: a convolution in groups has no gradient: no model that is trained has one.`;
    throw new VaekitError("UNSUPPORTED", message);
  }
  return [
    wants(0) ? inputGradient(builder, node, dy) : undefined,
    wants(1) ? weightGradient(builder, node, dy) : undefined,
    wants(2) ? builder.apply("ReduceSum", [dy], { axes: [0, 2, 3], keepdims: false }) : undefined,
  ];
};

function inputGradient(builder: GraphBuilder, { inputs, attributes }: Conv, dy: Value): Value {
  const { strides, pads } = attributes;
  const [x, weight] = inputs as [Value, Value];
  const [, , height, width] = x.shape as Picture;
  const [, , kernelHeight, kernelWidth] = weight.shape as Picture;
  const reach = [kernelHeight - 1, kernelWidth - 1] as const;
  const isPaddable = pads[0] <= reach[0] && pads[2] <= reach[0] && pads[1] <= reach[1] && pads[3] <= reach[1];
  if (isUnit(strides) && isPaddable) {
    const turnedPads = [
      reach[0] - pads[0],
      reach[1] - pads[1],
      reach[0] - pads[2],
      reach[1] - pads[3],
    ] as const;
    return builder.apply("Conv", [dy, turned(builder, weight)], { strides: [1, 1], pads: turnedPads });
  }
  // What the last stride did not reach: pixels that no window read.
  const outputPadding = [
    (height + pads[0] + pads[2] - kernelHeight) % strides[0],
    (width + pads[1] + pads[3] - kernelWidth) % strides[1],
  ] as const;
  return builder.apply("ConvTranspose", [dy, weight], { strides, pads, outputPadding });
}

const isUnit = (strides: readonly [number, number]): boolean => strides[0] === 1 && strides[1] === 1;

/** dW [Cout, Cin, kH, kW] from x [N, Cin, H, W] and dy [N, Cout, H', W']. */
function weightGradient(builder: GraphBuilder, node: Conv, dy: Value): Value {
  const { strides, pads } = node.attributes;
  const output = weightProducts(builder, node, dy);
  if (!isUnit(strides)) return output;
  return builder.composite({ kind: "WeightGradient", inputs: [node.inputs[0]!, dy], output, pads });
}

function weightProducts(builder: GraphBuilder, node: Conv, dy: Value): Value {
  const [outChannels, inChannels, kernelHeight, kernelWidth] = node.inputs[1]!.shape as Picture;
  const [batch, , height, width] = dy.shape as Picture;
  const x = node.inputs[0]!;
  const { strides, pads } = node.attributes;
  const isPlain =
    kernelHeight === 3 && kernelWidth === 3 && isUnit(strides) && pads.every((size) => size === 1);
  if (isPlain && isWinogradGradientFaster(x, outChannels)) return winogradWeightGradient(builder, x, dy);
  const isFolded =
    batch > 1 &&
    kernelHeight * kernelWidth * outChannels * inChannels * foldingGain >
      (outChannels + inChannels) * height * width;
  if (!isUnit(node.attributes.strides)) return gradientByTaps(builder, node, dy, isFolded);
  const isFlat = !isFolded && kernelHeight * kernelWidth > 1 && x.shape[3] === width;
  return isFlat ? gradientByFlatShifts(builder, node, dy) : gradientByShifts(builder, node, dy, isFolded);
}

/** How much dearer an added element of a product for each example is than a transposed element of a picture. */
const foldingGain = 0.5;

/**
 * For larger strides: every tap's picture, as in im2col, [N, Cin, kH·kW, H'·W'] or [Cin, kH·kW, N·H'·W'], so that the
 * product has the weights' own order. A convolution of each channel with kernels of a single one picks all taps at once.
 */
function gradientByTaps(
  builder: GraphBuilder,
  { inputs, attributes }: Conv,
  dy: Value,
  isFolded: boolean,
): Value {
  const [x, weight] = inputs as [Value, Value];
  const [outChannels, inChannels, kernelHeight, kernelWidth] = weight.shape as Picture;
  const [batch, , outHeight, outWidth] = dy.shape as Picture;
  const [taps, pixels] = [kernelHeight * kernelWidth, outHeight * outWidth];
  const planes = reshape(builder, x, [batch * inChannels, 1, ...x.shape.slice(2)]);
  const kernels = tapKernels(builder, [kernelHeight, kernelWidth], x.dtype);
  const picked = builder.apply("Conv", [planes, kernels], attributes); // [N · Cin, taps, H', W']
  const each = reshape(builder, picked, [batch, inChannels * taps, pixels]);
  if (!isFolded) {
    const rows = reshape(builder, dy, [batch, outChannels, pixels]);
    return reshape(builder, productOfRows(builder, rows, each), weight.shape);
  }
  const inside = builder.apply("Transpose", [each], { perm: [1, 0, 2] });
  const columns = reshape(builder, inside, [inChannels * taps, batch * pixels]);
  const rows = reshape(builder, batchInside(builder, dy), [outChannels, batch * pixels]);
  return reshape(builder, productOfRows(builder, rows, columns), weight.shape);
}

/**
 * For stride 1: x is shifted by columns only and dy by rows only, so that k + k copies replace the k² of im2col.
 * Both grow to the height of the padded picture; what a shift moves in is zero.
 */
function gradientByShifts(
  builder: GraphBuilder,
  { inputs, attributes: { pads } }: Conv,
  dy: Value,
  isFolded: boolean,
): Value {
  const [x, weight] = inputs as [Value, Value];
  const [outChannels, inChannels, kernelHeight, kernelWidth] = weight.shape as Picture;
  const [batch, , height, width] = dy.shape as Picture;
  const pictures = isFolded ? batchInside(builder, x) : x;
  const differences = isFolded ? batchInside(builder, dy) : dy;
  const byColumn = [...Array(kernelWidth).keys()].map((column) => {
    const left = pads[1] - column;
    return pad(builder, pictures, [pads[0], left], [pads[2], width - x.shape[3]! - left]);
  });
  const byRow = [...Array(kernelHeight).keys()].map((row) =>
    pad(builder, differences, [row, 0], [kernelHeight - 1 - row, 0]),
  );
  const pixels = (height + kernelHeight - 1) * width;
  const rows = (values: readonly Value[], channels: number): Value =>
    isFolded
      ? reshape(builder, concat(builder, values, 0), [values.length * channels, batch * pixels])
      : reshape(builder, concat(builder, values, 1), [batch, values.length * channels, pixels]);
  const products = productOfRows(builder, rows(byRow, outChannels), rows(byColumn, inChannels));
  if (kernelHeight * kernelWidth === 1) return reshape(builder, products, weight.shape);
  const blocks = reshape(builder, products, [kernelHeight, outChannels, kernelWidth, inChannels]);
  const taps = builder.apply("Transpose", [blocks], { perm: [0, 2, 1, 3] });
  return tapsInside(builder, taps, weight.shape);
}

/**
 * As `gradientByShifts`, for large pictures and outputs as wide as them. A shift by columns, too, is one in memory: all
 * shifts of a picture are then one Concat of it with zeros, which is read and written once. What such a shift would
 * carry into the neighbouring row is made zero before.
 */
function gradientByFlatShifts(
  builder: GraphBuilder,
  { inputs, attributes: { pads } }: Conv,
  dy: Value,
): Value {
  const [x, weight] = inputs as [Value, Value];
  const [outChannels, inChannels, kernelHeight, kernelWidth] = weight.shape as Picture;
  const [batch, , height, width] = dy.shape as Picture;
  const length = width * (height + kernelHeight - 1) + kernelWidth - 1 + pads[1];
  const flat = (value: Value): Value =>
    reshape(builder, value, [batch, value.shape[1]!, value.shape[2]! * width]);
  /** Pictures [N, C, L] at their positions in rows of `length` → [N, C · pictures, length]. */
  const placed = (pictures: readonly Value[], positions: readonly number[]): Value => {
    const [, channels, size] = pictures[0]!.shape as [number, number, number];
    const parts: Value[] = [];
    let end = 0;
    const fillTo = (position: number): void => {
      if (position > end) parts.push(zeros(builder, [batch, channels, position - end], x.dtype));
    };
    pictures.forEach((picture, index) => {
      fillTo(index * length + positions[index]!);
      parts.push(picture);
      end = index * length + positions[index]! + size;
    });
    fillTo(pictures.length * length);
    return reshape(builder, concat(builder, parts, 2), [batch, channels * pictures.length, length]);
  };
  const columns = [...Array(kernelWidth).keys()];
  const rows = [...Array(kernelHeight).keys()];
  const byColumn = placed(
    columns.map((column) => withoutColumns(builder, flat(x), width, pads[1] - column)),
    columns.map((column) => pads[0] * width + pads[1] + kernelWidth - 1 - column),
  );
  const byRow = placed(
    rows.map(() => flat(dy)),
    rows.map((row) => row * width + kernelWidth - 1),
  );
  const products = productOfRows(builder, byRow, byColumn);
  const blocks = reshape(builder, products, [outChannels, kernelHeight, inChannels * kernelWidth]);
  const outside = builder.apply("Transpose", [blocks], { perm: [1, 0, 2] });
  const pairs = reshape(builder, outside, [kernelHeight, outChannels * inChannels, kernelWidth]);
  return reshape(builder, builder.apply("Transpose", [pairs], { perm: [1, 0, 2] }), weight.shape);
}

/** Pictures [N, C, H · W], zero in their last `count` columns, or in the first, where it is negative. */
function withoutColumns(builder: GraphBuilder, x: Value, width: number, count: number): Value {
  if (count === 0) return x;
  const pixels = x.shape[2]!;
  const mask = constantMatrix(
    builder,
    `without_columns_${pixels}_${width}_${count}`,
    x.dtype,
    [1, pixels],
    (_, pixel) => (count > 0 ? pixel % width < width - count : pixel % width >= -count),
  );
  return builder.apply("Mul", [x, mask], {});
}

/** a · bᵀ, summed over the examples where there are any: [(N,) A, K], [(N,) B, K] → [A, B]. */
function productOfRows(builder: GraphBuilder, a: Value, b: Value): Value {
  const products = builder.apply("MatMul", [a, transposed(builder, b)], {});
  if (products.shape.length === 2) return products;
  return builder.apply("ReduceSum", [products], { axes: [0], keepdims: false });
}

/**
 * Zeros around the last two axes; negative numbers cut off. Along one axis they are joined on, which ONNX Runtime does
 * in half the time of Pad.
 */
function pad(
  builder: GraphBuilder,
  x: Value,
  begins: readonly [number, number],
  ends: readonly [number, number],
): Value {
  const padded = [0, 1].filter((axis) => begins[axis] !== 0 || ends[axis] !== 0);
  if (padded.length === 0) return x;
  const [axis] = padded;
  if (padded.length === 1 && begins[axis!]! >= 0 && ends[axis!]! >= 0) {
    const edge = (size: number): Value[] =>
      size === 0 ? [] : [zeros(builder, x.shape.with(2 + axis!, size), x.dtype)];
    return concat(builder, [...edge(begins[axis!]!), x, ...edge(ends[axis!]!)], 2 + axis!);
  }
  return builder.apply("Pad", [x], { begins: [0, 0, ...begins], ends: [0, 0, ...ends] });
}

const concat = (builder: GraphBuilder, values: readonly Value[], axis: number): Value =>
  values.length === 1 ? values[0]! : builder.apply("Concat", values, { axis });

/** [N, C, H, W] → [C, N, H, W] */
const batchInside = (builder: GraphBuilder, x: Value): Value =>
  builder.apply("Transpose", [x], { perm: [1, 0, 2, 3] });

/** dx is a convolution with the same weights; dW is the convolution's own, with x and dy exchanged. */
export const convTransposeGradient: GradientRule<"ConvTranspose"> = (node, dy, context) => {
  const { strides, pads, outputPadding } = node.attributes;
  if (outputPadding.some((size) => size > 0)) {
    throw new VaekitError("UNSUPPORTED", "ConvTranspose with output padding has no gradient rule.");
  }
  const [x, weight] = node.inputs as [Value, Value];
  const forward: Conv = { operator: "Conv", attributes: { strides, pads }, inputs: [dy, weight], output: x };
  return [
    context.wants(0) ? context.builder.apply("Conv", [dy, weight], { strides, pads }) : undefined,
    context.wants(1) ? weightGradient(context.builder, forward, x) : undefined,
  ];
};
