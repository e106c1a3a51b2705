/** Activations, by diffusers' names. */
import type { GraphBuilder, Value } from "../graph/index.ts";
import { Tensor } from "../tensor/tensor.ts";

type Activation = (builder: GraphBuilder, x: Value) => Value;

const scalar = (builder: GraphBuilder, name: string, value: number): Value =>
  builder.constant(name, Tensor.from(Float32Array.of(value), []));

/** x · σ(x) */
export const silu: Activation = (builder, x) =>
  builder.apply("Mul", [x, builder.apply("Sigmoid", [x], {})], {});

/** x · tanh(log(1 + e^x)) */
const mish: Activation = (builder, x) =>
  builder.apply("Mul", [x, builder.apply("Tanh", [builder.apply("Softplus", [x], {})], {})], {});

/** x · (1 + erf(x / √2)) / 2: the exact form, not the tanh approximation. */
const gelu: Activation = (builder, x) => {
  const scaled = builder.apply("Mul", [x, scalar(builder, "sqrt_half", Math.SQRT1_2)], {});
  const shifted = builder.apply("Add", [builder.apply("Erf", [scaled], {}), scalar(builder, "one", 1)], {});
  const half = builder.apply("Mul", [x, scalar(builder, "half", 0.5)], {});
  return builder.apply("Mul", [half, shifted], {});
};

const relu: Activation = (builder, x) => builder.apply("Relu", [x], {});

/** By the names that a config's key for them may have. */
export const activations = { silu, swish: silu, mish, gelu, relu } as const;
