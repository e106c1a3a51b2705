import { Tensor } from "../tensor/tensor.ts";

/** What ONNX wants as a tensor of shapes, axes and sizes. */
export const int64s = (values: readonly number[]): Tensor =>
  Tensor.from(BigInt64Array.from(values, BigInt), [values.length]);
