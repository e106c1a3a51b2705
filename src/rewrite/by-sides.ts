/**
 * Tiles whose sides are transformed one after the other, each by a product of one small matrix. All of a tile's numbers at once, as in
 * bilinear-conv2d.ts, take three times the multiplications, which are dear in WebAssembly.
 */
import type { GraphBuilder, Value } from "../graph/index.ts";
import { matrixTensor, type Matrix } from "../nn/index.ts";
import type { Shape } from "../tensor/shape.ts";

/** Pixels along one side, as tiles see them. */
export interface Side {
  /** Pixels from one tile to the next. */
  readonly stride: number;
  /** Zeros before the first pixel and after the last. */
  readonly pads: readonly [before: number, after: number];
  /** [products, pixels that a tile reads] */
  readonly matrix: Matrix;
  /** Of the matrix, in the graph. */
  readonly name: string;
}

export const reshaped = (builder: GraphBuilder, x: Value, shape: Shape): Value =>
  builder.apply("Reshape", [x], { shape });

/** Planes [P, H, W] → [products, P, tiles, W]: columns of pixels, which stay side by side. */
export function transformedColumns(builder: GraphBuilder, x: Value, side: Side): Value {
  const { stride, pads, matrix, name } = side;
  const [products, reads] = [matrix.length, matrix[0]!.length];
  const kernels = builder.constant(`${name}_columns`, matrixTensor(matrix, [products, 1, 1, reads, 1]));
  const result = builder.apply("Conv", [stackOf(builder, x), kernels], {
    strides: [stride, 1],
    pads: [pads[0], 0, pads[1], 0],
  });
  return reshaped(builder, result, result.shape.slice(1));
}

/** Planes [P, H, W] → [products, P, H, tiles] */
export function transformedRows(builder: GraphBuilder, x: Value, side: Side): Value {
  const { stride, pads, matrix, name } = side;
  const [products, reads] = [matrix.length, matrix[0]!.length];
  const kernels = builder.constant(`${name}_rows`, matrixTensor(matrix, [products, 1, 1, 1, reads]));
  const result = builder.apply("Conv", [stackOf(builder, x), kernels], {
    strides: [1, stride],
    pads: [0, pads[0], 0, pads[1]],
  });
  return reshaped(builder, result, result.shape.slice(1));
}

/** Both sides: planes [P, H, W] → [down · across, P, tile rows · tile columns]. Rows go first: their pixels are picked one by one. */
export function transformedTiles(
  builder: GraphBuilder,
  x: Value,
  { down, across }: { readonly down: Side; readonly across: Side },
): Value {
  const rows = transformedRows(builder, x, across);
  const [products, planes, height, tileColumns] = rows.shape as [number, number, number, number];
  const flat = reshaped(builder, rows, [products * planes, height, tileColumns]);
  const tiles = transformedColumns(builder, flat, down);
  return reshaped(builder, tiles, [tiles.shape[0]! * products, planes, tiles.shape[2]! * tileColumns]);
}

/** The transform of the sums, likewise: [down · across, L] → [m, m, L], with the matrix [m, products] of either side. */
export function transformedSums(builder: GraphBuilder, sums: Value, matrix: Matrix, name: string): Value {
  const [outputs, products] = [matrix.length, matrix[0]!.length];
  const length = sums.shape[1]!;
  const constant = builder.constant(`${name}_output`, matrixTensor(matrix));
  const down = builder.apply(
    "MatMul",
    [constant, reshaped(builder, sums, [products, products * length])],
    {},
  );
  return builder.apply("MatMul", [constant, reshaped(builder, down, [outputs, products, length])], {});
}

/** What a tile takes of the kernels [Cout, Cin, 3, 3]: [rows, 9] · taps → [rows, Cout, Cin] */
export function transformedKernels(
  builder: GraphBuilder,
  weight: Value,
  matrix: Matrix,
  name: string,
): Value {
  const [outChannels, inChannels] = weight.shape as [number, number];
  const taps = reshaped(builder, weight, [outChannels * inChannels, 9]);
  const columns = builder.apply("Transpose", [taps], { perm: [1, 0] });
  const constant = builder.constant(`${name}_kernel`, matrixTensor(matrix));
  const kernels = builder.apply("MatMul", [constant, columns], {});
  return reshaped(builder, kernels, [matrix.length, outChannels, inChannels]);
}

/** The zeros along a side of so many pixels, of which `count` tiles see the first `before` zeros on. */
export const padsAlong = (
  { stride, matrix }: Pick<Side, "stride" | "matrix">,
  pixels: number,
  count: number,
  before: number,
): readonly [number, number] => [before, (count - 1) * stride + matrix[0]!.length - pixels - before];

/** [P, H, W] → [1, 1, P, H, W]: a stack of planes, which one kernel goes over. */
const stackOf = (builder: GraphBuilder, x: Value): Value => reshaped(builder, x, [1, 1, ...x.shape]);

/** A picture's bias [C], as [C, 1, 1], added where there is one. */
export const withBias = (builder: GraphBuilder, x: Value, bias: Value | undefined): Value =>
  bias === undefined ? x : builder.apply("Add", [x, reshaped(builder, bias, [bias.shape[0]!, 1, 1])], {});
