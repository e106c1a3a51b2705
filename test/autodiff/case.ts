/** A test case of a gradient rule: inputs, and the piece of graph that is differentiated. */
import type { GraphBuilder, OperatorAttributes, OperatorName, Value } from "../../src/graph/index.ts";
import { Generator } from "../../src/random/index.ts";
import type { Shape } from "../../src/tensor/shape.ts";
import { Tensor } from "../../src/tensor/tensor.ts";

export interface Case {
  readonly name: string;
  /** What is differentiated with respect to. */
  readonly inputs: readonly Tensor[];
  /** The value to differentiate, from the inputs in their order. */
  readonly build: (builder: GraphBuilder, inputs: readonly Value[]) => Value;
}

/** The operator itself, on its inputs in their order. */
export function only<K extends OperatorName>(
  operator: K,
  name: string,
  inputs: readonly Tensor[],
  attributes: OperatorAttributes[K],
): Case {
  return { name, inputs, build: (builder, values) => builder.apply(operator, values, attributes) };
}

/** One stream for all cases: the numbers differ from case to case and are the same in every run. */
const generator = Generator.philox(5);

/** Standard normal doubles. */
export const normal = (...shape: Shape): Tensor<"float64"> => generator.randn(shape, "float64");

/** Doubles in [0.5, 2). */
export function positive(...shape: Shape): Tensor<"float64"> {
  return Tensor.from(
    generator.rand(shape, "float64").data.map((x) => 0.5 + 1.5 * x),
    shape,
  );
}

/** Doubles in [0.5, 2) and (-2, -0.5], one by one: for divisors. */
export function nonzero(...shape: Shape): Tensor<"float64"> {
  return Tensor.from(
    positive(...shape).data.map((x, i) => (i % 2 === 0 ? x : -x)),
    shape,
  );
}

/** Multiples of 1/16 below 8: float32 holds them exactly, even after a step of 2^-17. */
export function sixteenths(...shape: Shape): Tensor<"float64"> {
  return Tensor.from(
    normal(...shape).data.map((x) => Math.max(-8, Math.min(8, Math.round(16 * x) / 16))),
    shape,
  );
}
