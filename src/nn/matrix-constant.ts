/** Constant matrices of a graph. */
import type { GraphBuilder, Value } from "../graph/index.ts";
import type { Shape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { Matrix } from "./winograd-matrices.ts";

/** A matrix in float32, under another shape with as many elements where one is given. */
export const matrixTensor = (
  matrix: Matrix,
  shape: Shape = [matrix.length, matrix[0]!.length],
): Tensor<"float32"> => Tensor.from(Float32Array.from(matrix.flat()), shape);

export const matrixConstant = (builder: GraphBuilder, name: string, matrix: Matrix, shape?: Shape): Value =>
  builder.constant(name, matrixTensor(matrix, shape));
