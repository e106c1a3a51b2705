/** Operators that are alike, for tests that hold for all of them, and a node of any one. */
import {
  GraphBuilder,
  type Node,
  type OperatorAttributes,
  type OperatorName,
} from "../../src/graph/index.ts";
import type { Shape } from "../../src/tensor/shape.ts";

/** One input, no attributes, each element by itself. */
export const unaryOperators = [
  "Abs",
  "Erf",
  "Exp",
  "Identity",
  "Log",
  "Neg",
  "Relu",
  "Sigmoid",
  "Sign",
  "Softplus",
  "Sqrt",
  "Tanh",
] as const satisfies readonly OperatorName[];

/** Two inputs that are broadcast, element by element. */
export const binaryOperators = ["Add", "Div", "Mul", "Sub"] as const satisfies readonly OperatorName[];

/** A node of one operator over inputs of these shapes. */
export function nodeOf<K extends OperatorName>(
  operator: K,
  shapes: readonly Shape[],
  attributes: OperatorAttributes[K],
): Node {
  const builder = new GraphBuilder("one");
  const inputs = shapes.map((shape, index) => builder.input(`x${index}`, "float32", shape));
  builder.apply(operator, inputs, attributes);
  return builder.nodes[0]!;
}
