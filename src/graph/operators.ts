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

/** Lengths along the two axes of a picture: [height, width]. */
export type Extent = readonly [height: number, width: number];

/** A reduction over `axes`; the reduced axes stay with length 1 when `keepdims` is true. */
export interface Reduction {
  readonly axes: readonly number[];
  readonly keepdims: boolean;
}

/** What each operator takes besides its inputs. @see https://onnx.ai/onnx/operators/ (opset 18) */
export interface OperatorAttributes {
  Abs: NoAttributes;
  /** a + b, broadcast. */
  Add: NoAttributes;
  /** The place of the smallest value along `axis`, which goes; of equal ones the first. int64. */
  ArgMin: { axis: number };
  /** Mean of each window. x [N, C, H, W] → [N, C, H', W']. */
  AveragePool: { kernelShape: Extent; strides: Extent };
  /** The same values in another dtype. */
  Cast: { to: DType };
  /** Limits values to [min, max]; a missing bound is none. */
  Clip: { min?: number; max?: number };
  /** Joins the inputs along `axis`. */
  Concat: { axis: number };
  /**
   * x [N, Cin, H, W], w [Cout, Cin, kH, kW], optional bias [Cout] → [N, Cout, H', W']. Of a stack of pictures, each is convolved by
   * itself: x [N, Cin, D, H, W] with w [Cout, Cin, 1, kH, kW], or x [N, Cin, H, W, D] with w [Cout, Cin, kH, kW, 1], ONNX's convolution of
   * three dimensions. With `group`, the channels of input and output are in so many equal groups, each convolved by itself:
   * w [Cout, Cin / group, kH, kW].
   */
  Conv: { strides: Extent; pads: Pads; group?: number };
  /**
   * The transpose of Conv as a linear map: x [N, Cin, H, W], w [Cin, Cout, kH, kW] → [N, Cout, H', W'] with
   * H' = (H - 1) · stride + kH - pads + outputPadding.
   */
  ConvTranspose: { strides: Extent; pads: Pads; outputPadding: Extent };
  /**
   * Squares of pixels out of channels: x [N, C · side², H, W] → [N, C, H · side, W · side]. The channels of a square are one
   * after the other ("CRD", PyTorch's pixel_shuffle), or its places are: all channels of the first, then of the next ("DCR").
   */
  DepthToSpace: { side: number; mode: "CRD" | "DCR" };
  /** a / b elementwise, broadcast. */
  Div: NoAttributes;
  Erf: NoAttributes;
  Exp: NoAttributes;
  /** Repeats axes of length 1 up to `shape`, by numpy's rules. */
  Expand: { shape: readonly number[] };
  Identity: NoAttributes;
  /** x [N, C, D], scale [C], bias [C]: each (n, c) row to mean 0 and variance 1 (biased), then scale, bias. */
  InstanceNormalization: { epsilon: number };
  /** x where x >= 0, alpha · x elsewhere. */
  LeakyRelu: { alpha: number };
  /** Natural logarithm. */
  Log: NoAttributes;
  /** Batched matrix product: [..., M, K] · [..., K, N] → [..., M, N]. */
  MatMul: NoAttributes;
  /** Largest value of each window. x [N, C, H, W] → [N, C, H', W']. */
  MaxPool: { kernelShape: Extent; strides: Extent };
  /** a · b elementwise, broadcast. */
  Mul: NoAttributes;
  Neg: NoAttributes;
  /** int64 indices [...] in [0, depth) → float32 [..., depth]: 1 at each index, 0 elsewhere. */
  OneHot: { depth: number };
  /** Zeros around x: `begins[axis]` before and `ends[axis]` after, for every axis; negative numbers cut off. */
  Pad: { begins: readonly number[]; ends: readonly number[] };
  /** log Σ e^x over the axes, without overflow. */
  ReduceLogSumExp: Reduction;
  ReduceMax: Reduction;
  ReduceMean: Reduction;
  ReduceSum: Reduction;
  Relu: NoAttributes;
  Reshape: { shape: readonly number[] };
  /** Nearest-neighbour upsampling: output pixel i reads input pixel floor(i / scale). */
  Resize: { scales: Extent };
  Sigmoid: NoAttributes;
  /** -1, 0 or 1. */
  Sign: NoAttributes;
  /** x[..., start:end:step, ...] along each of `axes`; steps of 1 when left out. */
  Slice: {
    axes: readonly number[];
    starts: readonly number[];
    ends: readonly number[];
    steps?: readonly number[];
  };
  Softmax: { axis: number };
  /** log(1 + e^x). */
  Softplus: NoAttributes;
  Sqrt: NoAttributes;
  /** a - b, broadcast. */
  Sub: NoAttributes;
  Tanh: NoAttributes;
  Transpose: { perm: readonly number[] };
}

export type OperatorName = keyof OperatorAttributes;
