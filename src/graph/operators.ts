/**
 * The operators of the graph: ONNX's names and meanings, with their static arguments typed.
 *
 * ONNX passes some static arguments as tensors (the shape of Reshape, the bounds of Slice, the scales of
 * Resize). Shapes are static here, so they are attributes, and the serialiser turns them into tensors.
 */
import type { DType } from "../tensor/dtype.ts";

/** Padding in pixels: [top, left, bottom, right], ONNX's order. */
export type Pads = readonly [top: number, left: number, bottom: number, right: number];

type NoAttributes = Readonly<Record<string, never>>;

/** What each operator takes besides its inputs. @see https://onnx.ai/onnx/operators/ (opset 18) */
export interface OperatorAttributes {
  /** a + b, broadcast. */
  Add: NoAttributes;
  /** The same values in another dtype. */
  Cast: { to: DType };
  /** Joins the inputs along `axis`. */
  Concat: { axis: number };
  /** x [N, Cin, H, W], w [Cout, Cin, kH, kW], optional bias [Cout] → [N, Cout, H', W']. */
  Conv: { strides: readonly [number, number]; pads: Pads };
  Erf: NoAttributes;
  /** x [N, C, D], scale [C], bias [C]: each (n, c) row to mean 0 and variance 1 (biased), then scale, bias. */
  InstanceNormalization: { epsilon: number };
  /** Batched matrix product: [..., M, K] · [..., K, N] → [..., M, N]. */
  MatMul: NoAttributes;
  /** a · b elementwise, broadcast. */
  Mul: NoAttributes;
  Relu: NoAttributes;
  Reshape: { shape: readonly number[] };
  /** Nearest-neighbour upsampling: output pixel i reads input pixel floor(i / scale). */
  Resize: { scales: readonly [number, number] };
  Sigmoid: NoAttributes;
  /** x[..., start:end, ...] along one axis. */
  Slice: { axis: number; start: number; end: number };
  Softmax: { axis: number };
  /** log(1 + e^x). */
  Softplus: NoAttributes;
  Tanh: NoAttributes;
  Transpose: { perm: readonly number[] };
}

export type OperatorName = keyof OperatorAttributes;
