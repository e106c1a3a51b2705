/** Group normalisation's statistics over a whole picture, from those of its strips. */
import { GraphBuilder, type Graph, type Value } from "../graph/index.ts";
import type { Shape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";

/** Names of the graph's inputs and outputs. */
export const statisticsNames = {
  /** [strips, groups, C / groups], float32: every channel's mean in a strip. */
  mean: "mean",
  /** As `mean`: the sum of squared deviations from it. */
  deviation: "deviation",
  /** [groups, C / groups] each. */
  weight: "weight",
  bias: "bias",
  /** As `weight`: what was left out of every pixel, a convolution's bias. */
  offset: "offset",
  /** [1, groups, C / groups] each: one factor and one summand for each channel. */
  scale: "scale",
  shift: "shift",
} as const;

export interface StatisticsOptions {
  readonly channels: number;
  readonly groups: number;
  readonly epsilon: number;
  /** Pixels of each strip. */
  readonly pixels: readonly number[];
  /** Whether something was left out of every pixel. */
  readonly hasOffset: boolean;
}

/**
 * Normalisation with biased variance, weight and bias as scale · x + shift. In double precision.
 *
 * @see Chan, Golub and LeVeque 1979, Updating Formulae and a Pairwise Algorithm for Computing Sample Variances
 */
export function statisticsGraph({ channels, groups, epsilon, pixels, hasOffset }: StatisticsOptions): Graph {
  const builder = new GraphBuilder("statistics");
  const groupSize = channels / groups;
  const input = (name: string, shape: Shape): Value =>
    builder.apply("Cast", [builder.input(name, "float32", shape)], { to: "float64" });
  const constant = (name: string, values: readonly number[], shape: Shape = []): Value =>
    builder.constant(name, Tensor.from(Float64Array.from(values), shape));
  const add = (a: Value, b: Value): Value => builder.apply("Add", [a, b], {});
  const subtract = (a: Value, b: Value): Value => builder.apply("Sub", [a, b], {});
  const times = (a: Value, b: Value): Value => builder.apply("Mul", [a, b], {});
  const over = (a: Value, b: Value): Value => builder.apply("Div", [a, b], {});

  const weight = input(statisticsNames.weight, [groups, groupSize]);
  const bias = input(statisticsNames.bias, [groups, groupSize]);
  const offset = hasOffset ? input(statisticsNames.offset, [groups, groupSize]) : undefined;
  const ofStrips = [pixels.length, groups, groupSize];
  const without = input(statisticsNames.mean, ofStrips);
  const means = offset === undefined ? without : add(without, offset);
  const deviations = input(statisticsNames.deviation, ofStrips);

  const counts = constant("pixels", pixels, [pixels.length, 1, 1]);
  const count = constant("pixels_of_group", [groupSize * pixels.reduce((sum, each) => sum + each, 0)]);
  /** [strips, groups, C / groups] → [1, groups, 1] */
  const perPixel = (sums: Value): Value =>
    over(builder.apply("ReduceSum", [sums], { axes: [0, 2], keepdims: true }), count);
  const mean = perPixel(times(means, counts));
  const distance = subtract(means, mean);
  const variance = perPixel(add(deviations, times(times(distance, distance), counts)));
  const deviation = builder.apply("Sqrt", [add(variance, constant("epsilon", [epsilon]))], {});

  const scale = over(weight, deviation); // [1, groups, C / groups]
  const centering = offset === undefined ? builder.apply("Neg", [mean], {}) : subtract(offset, mean);
  const shift = add(bias, times(centering, scale));
  return builder.build({
    [statisticsNames.scale]: builder.apply("Cast", [scale], { to: "float32" }),
    [statisticsNames.shift]: builder.apply("Cast", [shift], { to: "float32" }),
  });
}
