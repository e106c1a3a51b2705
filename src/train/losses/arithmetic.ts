/** Short forms of the operators that losses are written with; a plain number stands for a constant. */
import { VaekitError } from "../../errors.ts";
import type { GraphBuilder, Value } from "../../graph/index.ts";
import { formatShape, sameShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";

/** A value of the graph, or a number that becomes a constant of the other operand's dtype. */
export type Operand = Value | number;

/**
 * The constant `value` as a scalar []; every use of the same number shares one.
 *
 * @param dtype float64, or else float32.
 */
export function scalar(builder: GraphBuilder, value: number, dtype?: Value["dtype"]): Value {
  const tensor =
    dtype === "float64" ? Tensor.from(Float64Array.of(value), []) : Tensor.from(Float32Array.of(value), []);
  return builder.constant(`${tensor.dtype}(${value})`, tensor);
}

function binary(operator: "Add" | "Sub" | "Mul" | "Div") {
  return (builder: GraphBuilder, a: Operand, b: Operand): Value => {
    const dtype = [a, b].find((each) => typeof each === "object")?.dtype;
    const inputs = [a, b].map((each) => (typeof each === "number" ? scalar(builder, each, dtype) : each));
    return builder.apply(operator, inputs, {});
  };
}

export const add = binary("Add");
export const subtract = binary("Sub");
export const multiply = binary("Mul");
export const divide = binary("Div");

export const exp = (builder: GraphBuilder, x: Value): Value => builder.apply("Exp", [x], {});
export const negate = (builder: GraphBuilder, x: Value): Value => builder.apply("Neg", [x], {});
export const square = (builder: GraphBuilder, x: Value): Value => builder.apply("Mul", [x, x], {});
export const softplus = (builder: GraphBuilder, x: Value): Value => builder.apply("Softplus", [x], {});
export const relu = (builder: GraphBuilder, x: Value): Value => builder.apply("Relu", [x], {});

export const sumOver = (builder: GraphBuilder, x: Value, axes: readonly number[], keepdims = false): Value =>
  axes.length === 0 ? x : builder.apply("ReduceSum", [x], { axes, keepdims });

export const meanOver = (
  builder: GraphBuilder,
  x: Value,
  axes: readonly number[],
  keepdims = false,
): Value => (axes.length === 0 ? x : builder.apply("ReduceMean", [x], { axes, keepdims }));

/** The axes of `x` from `first` on. */
export const axesFrom = (x: Value, first: number): number[] => x.shape.map((_, axis) => axis).slice(first);

/** The mean of all elements → []. */
export const meanOfAll = (builder: GraphBuilder, x: Value): Value => meanOver(builder, x, axesFrom(x, 0));

/** The sum of all elements → []. */
export const sumOfAll = (builder: GraphBuilder, x: Value): Value => sumOver(builder, x, axesFrom(x, 0));

/** @throws INVALID_ARGUMENT when two values that belong together differ in shape; a broadcast would hide it. */
export function checkSameShape(subject: string, a: Value, b: Value): void {
  if (sameShape(a.shape, b.shape)) return;
  throw new VaekitError(
    "INVALID_ARGUMENT",
    `${subject}: expected two values of one shape, found ${a.name} ${formatShape(a.shape)} and ${b.name} ${formatShape(b.shape)}.`,
  );
}

/** @throws INVALID_ARGUMENT with `message` unless `condition` holds. */
export function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new VaekitError("INVALID_ARGUMENT", message);
}
