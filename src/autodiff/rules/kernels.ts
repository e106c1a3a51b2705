/**
 * Rearrangements of convolution kernels. Most are products with small constant matrices, which ONNX Runtime computes
 * several times as fast as it transposes short rows.
 */
import type { Extent, GraphBuilder, Value } from "../../graph/index.ts";
import type { DType } from "../../tensor/dtype.ts";
import type { Shape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { reshape, transposed } from "../arithmetic.ts";

/** [Cout, Cin, kH, kW] */
type Kernel = [number, number, number, number];

/** The kernels turned by 180 degrees, input and output exchanged: [Cout, Cin, kH, kW] → [Cin, Cout, kH, kW]. */
export function turned(builder: GraphBuilder, weight: Value): Value {
  const [outChannels, inChannels, kernelHeight, kernelWidth] = weight.shape as Kernel;
  const swapped = builder.apply("Transpose", [weight], { perm: [1, 0, 2, 3] });
  const taps = kernelHeight * kernelWidth;
  if (taps === 1) return swapped;
  const rows = reshape(builder, swapped, [inChannels * outChannels, taps]);
  const reversed = builder.apply("MatMul", [rows, reversal(builder, taps, weight.dtype)], {});
  const output = reshape(builder, reversed, [inChannels, outChannels, kernelHeight, kernelWidth]);
  return builder.composite({ kind: "TurnedKernel", inputs: [weight], output });
}

/** The matrix that reverses a row vector of `size`. */
const reversal = (builder: GraphBuilder, size: number, dtype: DType): Value =>
  constantMatrix(
    builder,
    `reversal_${size}`,
    dtype,
    [size, size],
    (row, column) => row + column === size - 1,
  );

const identity = (builder: GraphBuilder, size: number, dtype: DType): Value =>
  constantMatrix(builder, `identity_${size}`, dtype, [size, size], (row, column) => row === column);

/** Kernels of a single one, [kH · kW, 1, kH, kW]: each picks the pixel under its tap. */
export function tapKernels(builder: GraphBuilder, [height, width]: Extent, dtype: DType): Value {
  const taps = height * width;
  const shape = [taps, 1, height, width];
  const data = ones([taps, taps], (row, column) => row === column);
  return floatConstant(builder, `taps_${height}x${width}`, dtype, Tensor.from(data, shape));
}

/** A constant with ones where `isOne` says so, zeros elsewhere. */
export function constantMatrix(
  builder: GraphBuilder,
  name: string,
  dtype: DType,
  shape: Extent,
  isOne: (row: number, column: number) => boolean,
): Value {
  return floatConstant(builder, name, dtype, Tensor.from(ones(shape, isOne), shape));
}

/** A matrix, row by row. */
const ones = (
  [rows, columns]: Extent,
  isOne: (row: number, column: number) => boolean,
): Float32Array<ArrayBuffer> =>
  new Float32Array(rows * columns).map((_, index) =>
    isOne(Math.floor(index / columns), index % columns) ? 1 : 0,
  );

export const zeros = (builder: GraphBuilder, shape: readonly number[], dtype: DType): Value =>
  floatConstant(builder, `zeros_${shape.join("x")}`, dtype, Tensor.zeros(shape));

const floatConstant = (builder: GraphBuilder, name: string, dtype: DType, tensor: Tensor<"float32">): Value =>
  builder.constant(`${name}_${dtype}`, dtype === "float64" ? toFloat64(tensor) : tensor);

const toFloat64 = ({ data, shape }: Tensor<"float32">): Tensor => Tensor.from(Float64Array.from(data), shape);

/**
 * The kernel that convolves and then adds up blocks of `block` pixels, [.., .., kH, kW] → [.., .., kH + block - 1, ..]:
 * each tap is the sum of those that reach its pixel from within the block.
 */
export function summedOverBlocks(
  builder: GraphBuilder,
  weight: Value,
  block: readonly [number, number],
): Value {
  const [outChannels, inChannels, height, width] = weight.shape as Kernel;
  const wide = [height + block[0] - 1, width + block[1] - 1] as const;
  const isIn = (difference: number, size: number): boolean => difference >= 0 && difference < size;
  const sums = constantMatrix(
    builder,
    `block_sums_${height}x${width}_${block.join("x")}`,
    weight.dtype,
    [height * width, wide[0] * wide[1]],
    (tap, target) =>
      isIn(Math.floor(target / wide[1]) - Math.floor(tap / width), block[0]) &&
      isIn((target % wide[1]) - (tap % width), block[1]),
  );
  const rows = reshape(builder, weight, [outChannels * inChannels, height * width]);
  return reshape(builder, builder.apply("MatMul", [rows, sums], {}), [outChannels, inChannels, ...wide]);
}

/**
 * [kH, kW, Cout, Cin] → [Cout, Cin, kH, kW]. ONNX Runtime makes one matrix product of this, several times as fast
 * as its transposition of short rows.
 */
export function tapsInside(builder: GraphBuilder, taps: Value, shape: Shape): Value {
  const count = shape[2]! * shape[3]!;
  const rows = reshape(builder, taps, [count, shape[0]! * shape[1]!]);
  const product = builder.apply(
    "MatMul",
    [transposed(builder, rows), identity(builder, count, taps.dtype)],
    {},
  );
  return reshape(builder, product, shape);
}
