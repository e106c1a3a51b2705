import type { Shape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";

/** What ONNX wants as a tensor of shapes, axes, sizes and indices. */
export const int64s = (values: readonly number[], shape: Shape = [values.length]): Tensor =>
  Tensor.from(BigInt64Array.from(values, BigInt), shape);
