/**
 * The graph: a list of operator nodes in an order that can be executed, over values with static types.
 * Graphs are immutable; a transformation makes a new one.
 */
import type { DType } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";
import type { StoredTensor } from "../tensor/stored-tensor.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Labels } from "./labels.ts";
import type { OperatorAttributes, OperatorName, Pads } from "./operators.ts";

/** What is known of a value before it is computed. */
export interface ValueType {
  /** The dtype of its elements. */
  readonly dtype: DType;
  /** Its shape; every size is known. */
  readonly shape: Shape;
}

/** A tensor that will exist when the graph runs: an input, an initializer or a node's output. */
export interface Value extends ValueType {
  /** Unique in its graph. */
  readonly name: string;
}

/** One application of an operator. */
export interface NodeOf<K extends OperatorName> {
  /** ONNX's name of the operator. */
  readonly operator: K;
  /** ONNX's attributes of the operator, with its meaning. */
  readonly attributes: OperatorAttributes[K];
  /** In the operator's order. */
  readonly inputs: readonly Value[];
  /** The one output: operators with several are not in the table. */
  readonly output: Value;
  /** Whoever copies a node keeps them. */
  readonly labels?: Labels;
}

/** Any node; `switch (node.operator)` narrows its attributes. */
export type Node = { [K in OperatorName]: NodeOf<K> }[OperatorName];

/** A value that is known when the graph is built: a weight in its file, or a small constant. */
export interface Initializer {
  /** The value that it fills. */
  readonly value: Value;
  /** Where the numbers are: in a file, or here. */
  readonly data: { readonly stored: StoredTensor } | { readonly constant: Tensor };
}

/**
 * A part of a graph that is one function of the field: what its nodes compute together, for whoever computes it in
 * another way. Its nodes are in the graph; values strictly inside are read by no other node.
 */
export type Composite =
  | {
      readonly kind: "GroupNormalization";
      /** x [N, C, H, W], weight [C, 1, 1], bias [C, 1, 1] */
      readonly inputs: readonly [x: Value, weight: Value, bias: Value];
      /** [N, C, H, W] */
      readonly output: Value;
      readonly groups: number;
      readonly epsilon: number;
    }
  | {
      readonly kind: "RMSNormalization";
      /** x [N, C, H, W], gamma [C, 1, 1] */
      readonly inputs: readonly [x: Value, gamma: Value];
      /** Each pixel's channels divided by their root mean square, times gamma, [N, C, H, W] */
      readonly output: Value;
    }
  | {
      readonly kind: "Attention";
      /** Each [N, C, H, W]: one token for each pixel. */
      readonly inputs: readonly [query: Value, key: Value, value: Value];
      /** softmax(query · keyᵀ / √C) · value, [N, C, H, W] */
      readonly output: Value;
    }
  | {
      readonly kind: "LinearAttention";
      /** [N, heads · 3 · headSize, H, W]: of every head its queries, keys and values, one token for each pixel. */
      readonly inputs: readonly [x: Value];
      /** (value · relu(key)ᵀ) · relu(query) / (Σ relu(key)ᵀ · relu(query)), [N, heads · headSize, H, W] */
      readonly output: Value;
      readonly headSize: number;
      /** What is added to the denominator. */
      readonly epsilon: number;
    }
  | {
      readonly kind: "TurnedKernel";
      /** [Cout, Cin, kH, kW] */
      readonly inputs: readonly [weight: Value];
      /** The kernels turned by 180 degrees, input and output exchanged: [Cin, Cout, kH, kW] */
      readonly output: Value;
    }
  | {
      readonly kind: "WeightGradient";
      /** Of a convolution of stride 1: its input [N, Cin, H, W], and the gradient of its output [N, Cout, H', W']. */
      readonly inputs: readonly [x: Value, dy: Value];
      /** [Cout, Cin, kH, kW] */
      readonly output: Value;
      readonly pads: Pads;
      /** Whether it is worth being computed with channels in blocks, where a runtime has such a layout. */
      readonly inBlocks?: true;
    };

export type GroupNormalization = Extract<Composite, { kind: "GroupNormalization" }>;
export type Attention = Extract<Composite, { kind: "Attention" }>;
export type LinearAttention = Extract<Composite, { kind: "LinearAttention" }>;
export type WeightGradient = Extract<Composite, { kind: "WeightGradient" }>;

/** A computation as ONNX operators over values of known dtype and shape. Immutable. */
export interface Graph {
  /** For messages, and the name in an exported file. */
  readonly name: string;
  /** What a run is given, by name. */
  readonly inputs: readonly Value[];
  /** Weights and constants. */
  readonly initializers: readonly Initializer[];
  /** The operators, each after those whose outputs it reads. */
  readonly nodes: readonly Node[];
  /** What a run gives. */
  readonly outputs: readonly Value[];
  /** The parts that are known as a whole; none of them contains another. */
  readonly composites: readonly Composite[];
}
