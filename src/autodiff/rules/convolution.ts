/**
 * Gradients of convolutions, in the formulations that ONNX Runtime computes fastest (docs/log.md).
 *
 * With respect to the input: the convolution with the kernel turned by 180 degrees, or, for larger strides, the
 * transposed convolution. With respect to the weights: one matrix product over the pixels for all taps at once.
 */
import { VaekitError } from "../../errors.ts";
import type { GraphBuilder, NodeOf, Value } from "../../graph/index.ts";
import type { DType } from "../../tensor/dtype.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { reshape, sumOver, transposed } from "../arithmetic.ts";
import type { GradientRule } from "../rule.ts";

type Conv = NodeOf<"Conv">;
type Picture = [number, number, number, number];

export const convGradient: GradientRule<"Conv"> = (node, dy, { builder, wants }) => [
  wants(0) ? inputGradient(builder, node, dy) : undefined,
  wants(1) ? weightGradient(builder, node, dy) : undefined,
  wants(2) ? reshape(builder, sumOver(builder, dy, [0, 2, 3]), [dy.shape[1]!]) : undefined,
];

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

/** The kernels turned by 180 degrees, input and output exchanged: [Cout, Cin, kH, kW] → [Cin, Cout, kH, kW]. */
function turned(builder: GraphBuilder, weight: Value): Value {
  const [outChannels, inChannels, kernelHeight, kernelWidth] = weight.shape as Picture;
  const swapped = builder.apply("Transpose", [weight], { perm: [1, 0, 2, 3] });
  const taps = kernelHeight * kernelWidth;
  if (taps === 1) return swapped;
  const rows = reshape(builder, swapped, [inChannels * outChannels, taps]);
  const reversed = builder.apply("MatMul", [rows, reversal(builder, taps, weight.dtype)], {});
  return reshape(builder, reversed, [inChannels, outChannels, kernelHeight, kernelWidth]);
}

/** The matrix that reverses a row vector of `size`. */
function reversal(builder: GraphBuilder, size: number, dtype: DType): Value {
  const ones = [...Array(size).keys()].map((row) => row * size + (size - 1 - row));
  const data = new Float32Array(size * size);
  for (const index of ones) data[index] = 1;
  const matrix = Tensor.from(data, [size, size]);
  return builder.constant(`reversal_${size}_${dtype}`, dtype === "float64" ? toFloat64(matrix) : matrix);
}

const toFloat64 = ({ data, shape }: Tensor<"float32">): Tensor => Tensor.from(Float64Array.from(data), shape);

/** dW [Cout, Cin, kH, kW] from x [N, Cin, H, W] and dy [N, Cout, H', W']. */
function weightGradient(builder: GraphBuilder, node: Conv, dy: Value): Value {
  const [outChannels, inChannels, kernelHeight, kernelWidth] = node.inputs[1]!.shape as Picture;
  const { pictures, differences } = isUnit(node.attributes.strides)
    ? sharedShifts(builder, node, dy)
    : allShifts(builder, node, dy);
  const rowTaps = differences.length;
  const columnTaps = pictures.length;
  const products = productOverPixels(builder, differences, pictures); // [rowTaps · Cout, columnTaps · Cin]
  const blocks = reshape(builder, products, [rowTaps, outChannels, columnTaps, inChannels]);
  const ordered =
    rowTaps * columnTaps === 1 ? blocks : builder.apply("Transpose", [blocks], { perm: [1, 3, 0, 2] });
  return reshape(builder, ordered, [outChannels, inChannels, kernelHeight, kernelWidth]);
}

/** Pictures whose products over all pixels are the taps: dW[row, column] = Σ differences[row] · pictures[column]. */
interface Shifts {
  readonly differences: readonly Value[];
  readonly pictures: readonly Value[];
}

/**
 * For stride 1: x is shifted by columns only and dy by rows only, so that k + k copies replace the k² of im2col.
 * Both grow to the height of the padded picture; what a shift moves in is zero.
 */
function sharedShifts(builder: GraphBuilder, { inputs, attributes: { pads } }: Conv, dy: Value): Shifts {
  const [x, weight] = inputs as [Value, Value];
  const [, , kernelHeight, kernelWidth] = weight.shape as Picture;
  const [, , , width] = x.shape as Picture;
  const outWidth = dy.shape[3]!;
  const shift = (value: Value, begins: number[], ends: number[]): Value =>
    [...begins, ...ends].every((size) => size === 0)
      ? value
      : builder.apply("Pad", [value], { begins, ends });
  const pictures = [...Array(kernelWidth).keys()].map((column) => {
    const left = pads[1] - column;
    return shift(x, [0, 0, pads[0], left], [0, 0, pads[2], outWidth - width - left]);
  });
  const differences = [...Array(kernelHeight).keys()].map((row) =>
    shift(dy, [0, 0, row, 0], [0, 0, kernelHeight - 1 - row, 0]),
  );
  return { pictures, differences };
}

/** For larger strides: every tap's picture, as in im2col. */
function allShifts(
  builder: GraphBuilder,
  { inputs, attributes: { strides, pads } }: Conv,
  dy: Value,
): Shifts {
  const [x, weight] = inputs as [Value, Value];
  const [, , kernelHeight, kernelWidth] = weight.shape as Picture;
  const [, , height, width] = dy.shape as Picture;
  const padded = builder.apply("Pad", [x], {
    begins: [0, 0, pads[0], pads[1]],
    ends: [0, 0, pads[2], pads[3]],
  });
  const pictures = [...Array(kernelHeight * kernelWidth).keys()].map((tap) => {
    const row = Math.floor(tap / kernelWidth);
    const column = tap % kernelWidth;
    return builder.apply("Slice", [padded], {
      axes: [2, 3],
      starts: [row, column],
      ends: [row + (height - 1) * strides[0] + 1, column + (width - 1) * strides[1] + 1],
      steps: strides,
    });
  });
  return { pictures, differences: [dy] };
}

/** Σ over batch and pixels of a · b, for all channels of all `a` [N, Ca, H, W] with all of `b` [N, Cb, H, W]. */
function productOverPixels(builder: GraphBuilder, a: readonly Value[], b: readonly Value[]): Value {
  const [batch, , height, width] = a[0]!.shape as Picture;
  const pixels = height * width;
  const join = (values: readonly Value[], axis: number): Value =>
    values.length === 1 ? values[0]! : builder.apply("Concat", values, { axis });
  const rowCount = a.length * a[0]!.shape[1]!;
  const columnCount = b.length * b[0]!.shape[1]!;
  // One long product for small pictures; for large ones a product for each example, whose sum is then cheap.
  if (batch > 1 && rowCount * columnCount > (rowCount + columnCount) * pixels * foldingCost) {
    const rows = reshape(
      builder,
      join(
        a.map((value) => batchInside(builder, value)),
        0,
      ),
      [rowCount, batch * pixels],
    );
    const columns = reshape(
      builder,
      join(
        b.map((value) => batchInside(builder, value)),
        0,
      ),
      [columnCount, batch * pixels],
    );
    return builder.apply("MatMul", [rows, transposed(builder, columns)], {});
  }
  const rows = reshape(builder, join(a, 1), [batch, rowCount, pixels]);
  const columns = reshape(builder, join(b, 1), [batch, columnCount, pixels]);
  const products = builder.apply("MatMul", [rows, transposed(builder, columns)], {});
  return sumOver(builder, products, [0]);
}

/** How much dearer a moved element of a picture is than an added element of a product. */
const foldingCost = 1;

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
