/** What both judges of a rule share: the gradients of one case under several seeds, and how a deviation is measured. */
import { gradients, type GradientRules } from "../../src/autodiff/index.ts";
import type { GraphBuilder, Value } from "../../src/graph/index.ts";
import { sameShape } from "../../src/tensor/shape.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";

/**
 * The weights of y's elements in the loss: each its own; one for each row of the last axis; all 1. The last two
 * arrive at the rule as gradients of length 1 along the axes that a sum has reduced.
 */
export const seeds = ["elements", "rows", "ones"] as const;

/** The gradients of `y` with respect to `inputs`, as outputs `elements0`, `rows0`, `ones0`, `alone0`, …. */
export function seededGradients(
  builder: GraphBuilder,
  y: Value,
  weights: Value,
  inputs: readonly Value[],
  rules?: GradientRules,
): Record<string, Value> {
  const outputs: Record<string, Value> = {};
  const put = (label: string, value: Value, gradient: Value | undefined, wrt: readonly Value[]): void => {
    gradients(builder, [{ value, gradient }], wrt, { rules }).forEach((each, i) => {
      const isOfItsShape = sameShape(each.shape, wrt[i]!.shape) && each.dtype === wrt[i]!.dtype;
      if (!isOfItsShape)
        throw new Error(`the gradient ${label}${i} is ${each.dtype} [${each.shape.join(", ")}]`);
      // A gradient may be the seed itself or another's, but every output is a value of its own.
      outputs[`${label}${i}`] = builder.apply("Identity", [each], {});
    });
  };
  const axes = [...y.shape.keys()];
  const last = axes.slice(-1);
  const sum = (over: readonly number[], keepdims: boolean): Value =>
    over.length === 0 ? y : builder.apply("ReduceSum", [y], { axes: over, keepdims });
  const rows =
    last.length === 0 ? weights : builder.apply("Slice", [weights], { axes: last, starts: [0], ends: [1] });

  put("elements", y, weights, inputs);
  put("rows", sum(last, true), rows, inputs);
  put("ones", sum(axes, false), undefined, inputs);
  // With one gradient wanted, a rule leaves the others out.
  if (inputs.length > 1) {
    inputs.forEach((input, i) => {
      const [only] = gradients(builder, [{ value: y, gradient: weights }], [input], { rules });
      outputs[`alone${i}`] = builder.apply("Identity", [only!], {});
    });
  }
  return outputs;
}

/** A comparison of one tensor. */
export interface Deviation {
  readonly label: string;
  /** The largest |found - expected| by the largest |expected|. */
  readonly error: number;
}

/**
 * @param likes tensors whose largest elements count as `expected`'s, too: under equal weights, a normalised value
 *   has the gradient zero, and what rounding leaves of it is as large as its terms are.
 */
export function deviation(
  label: string,
  found: Tensor,
  expected: ArrayLike<number>,
  likes: readonly ArrayLike<number>[] = [],
): Deviation {
  if (found.size !== expected.length) return { label: `${label}: size ${found.size}`, error: Infinity };
  let difference = 0;
  for (let i = 0; i < expected.length; i++) {
    const each = Math.abs(Number(found.data[i]) - expected[i]!);
    // NaN compares false with everything, so it must not get lost in a maximum.
    if (Number.isNaN(each)) return { label: `${label}: NaN at ${i}`, error: Infinity };
    difference = Math.max(difference, each);
  }
  const scale = Math.max(largest(expected), ...likes.map(largest));
  return { label, error: scale === 0 ? difference : difference / scale };
}

const largest = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((max, value) => Math.max(max, Math.abs(value)), 0);

/** Those of `deviations` that are above `tolerance`, as readable lines: empty when a rule is right. */
export function above(tolerance: number, deviations: readonly Deviation[]): string[] {
  return deviations
    .filter(({ error }) => error > tolerance)
    .map(({ label, error }) => `${label}: off by ${error.toExponential(1)} of the largest element`);
}
