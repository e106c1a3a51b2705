/**
 * Attention over strips: the queries of one strip against the keys of another, joined with what the strips before gave.
 *
 * @see Milakov and Gimelshein 2018, Online normalizer calculation for softmax
 */
import { GraphBuilder, type Graph, type Value } from "../graph/index.ts";
import type { Shape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";

/** Names of the graph's inputs and outputs. */
export const attentionNames = {
  query: "query",
  key: "key",
  value: "value",
  /** [1, queries, C]: the weighted mean of the values so far. */
  mean: "mean",
  /** [1, queries, 1]: the logarithm of the sum of the weights so far. */
  weight: "weight",
  nextMean: "next_mean",
  nextWeight: "next_weight",
  /** [1, rows, W, C] */
  output: "output",
} as const;

export interface AttentionStep {
  /** [1, rows, W, C] of the queries' and of the keys' strip. */
  readonly query: Shape;
  readonly key: Shape;
  /** Whether strips of keys came before, and come after. */
  readonly isFirst: boolean;
  readonly isLast: boolean;
}

/**
 * With weights e^s of this strip's scores s, and means m and logarithms of summed weights l before and here:
 * the joined mean is m + σ(l' - l) · (m' - m), and the joined logarithm l + log(1 + e^(l' - l)).
 */
export function attentionGraph({ query, key, isFirst, isLast }: AttentionStep): Graph {
  const builder = new GraphBuilder("attention");
  const [, rows, width, channels] = query as [number, number, number, number];
  const queries = rows * width;
  const pixels = (name: string, shape: Shape): Value =>
    builder.apply("Reshape", [builder.input(name, "float32", shape)], {
      shape: [1, shape[1]! * shape[2]!, channels],
    });

  const scale = builder.constant("scale", Tensor.from(Float32Array.of(channels ** -0.5), []));
  const scaled = builder.apply("Mul", [pixels(attentionNames.query, query), scale], {});
  const keys = builder.apply("Transpose", [pixels(attentionNames.key, key)], { perm: [0, 2, 1] });
  const scores = builder.apply("MatMul", [scaled, keys], {});
  const probabilities = builder.apply("Softmax", [scores], { axis: 2 }); // [1, queries, keys]
  let mean = builder.apply("MatMul", [probabilities, pixels(attentionNames.value, key)], {});
  let weight = isFirst && isLast ? undefined : logSumExp(builder, scores, probabilities);

  if (!isFirst) {
    const meanBefore = builder.input(attentionNames.mean, "float32", [1, queries, channels]);
    const weightBefore = builder.input(attentionNames.weight, "float32", [1, queries, 1]);
    const gain = builder.apply("Sub", [weight!, weightBefore], {});
    const share = builder.apply("Sigmoid", [gain], {});
    const change = builder.apply("Mul", [builder.apply("Sub", [mean, meanBefore], {}), share], {});
    mean = builder.apply("Add", [meanBefore, change], {});
    weight = builder.apply("Add", [weightBefore, builder.apply("Softplus", [gain], {})], {});
  }
  if (!isLast)
    return builder.build({ [attentionNames.nextMean]: mean, [attentionNames.nextWeight]: weight! });
  const output = builder.apply("Reshape", [mean], { shape: query });
  return builder.build({ [attentionNames.output]: output });
}

/**
 * log Σ e^s over the last axis, of scores s and their softmax p. The largest p is e^(s - log Σ e^s) of the largest s, so nothing
 * overflows, and no exponential is computed again.
 */
function logSumExp(builder: GraphBuilder, scores: Value, probabilities: Value): Value {
  const largest = (x: Value): Value => builder.apply("ReduceMax", [x], { axes: [2], keepdims: true });
  return builder.apply("Sub", [largest(scores), builder.apply("Log", [largest(probabilities)], {})], {});
}
