/** Linear attention over strips: what the queries need of all keys and values is summed up, strip after strip. */
import { GraphBuilder, type Graph, type Value } from "../graph/index.ts";
import type { Shape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";

/** Names of the graphs' inputs and outputs. */
export const linearAttentionNames = {
  /** [1, rows, W, heads · 3 · headSize]: of every head its queries, keys and values. */
  strip: "strip",
  /** [heads, headSize, headSize + 1]: of the strips so far, each key's products with all values, and the sum of the keys. */
  sums: "sums",
  nextSums: "next_sums",
  /** [1, rows, W, heads · headSize] */
  output: "output",
} as const;

/** The part of every head's channels: queries, keys or values. [heads, pixels, headSize] */
function partOf(builder: GraphBuilder, strip: Value, headSize: number, part: 0 | 1 | 2): Value {
  const [, rows, width, channels] = strip.shape as [number, number, number, number];
  const shape = [rows * width, channels / (3 * headSize), 3 * headSize];
  const pixels = builder.apply("Reshape", [strip], { shape });
  const own = builder.apply("Slice", [pixels], {
    axes: [2],
    starts: [part * headSize],
    ends: [(part + 1) * headSize],
  });
  return builder.apply("Transpose", [own], { perm: [1, 0, 2] });
}

/** @param isFirst whether no strips came before. */
export function linearSumsGraph(shape: Shape, headSize: number, isFirst: boolean): Graph {
  const builder = new GraphBuilder("linear_attention_sums");
  const strip = builder.input(linearAttentionNames.strip, "float32", shape);
  const keys = builder.apply("Relu", [partOf(builder, strip, headSize, 1)], {});
  const values = partOf(builder, strip, headSize, 2);
  const turned = builder.apply("Transpose", [keys], { perm: [0, 2, 1] }); // [heads, d, pixels]
  const products = builder.apply("MatMul", [turned, values], {}); // [heads, d, d]
  const sum = builder.apply("ReduceSum", [turned], { axes: [2], keepdims: true }); // [heads, d, 1]
  const sums = builder.apply("Concat", [products, sum], { axis: 2 });
  if (isFirst) return builder.build({ [linearAttentionNames.nextSums]: sums });
  const before = builder.input(linearAttentionNames.sums, "float32", sums.shape);
  return builder.build({ [linearAttentionNames.nextSums]: builder.apply("Add", [before, sums], {}) });
}

/** @param epsilon is added to the denominator. */
export function linearAttentionGraph(shape: Shape, headSize: number, epsilon: number): Graph {
  const builder = new GraphBuilder("linear_attention");
  const [, rows, width, channels] = shape as [number, number, number, number];
  const heads = channels / (3 * headSize);
  const strip = builder.input(linearAttentionNames.strip, "float32", shape);
  const sums = builder.input(linearAttentionNames.sums, "float32", [heads, headSize, headSize + 1]);
  const queries = builder.apply("Relu", [partOf(builder, strip, headSize, 0)], {});
  const products = builder.apply("MatMul", [queries, sums], {}); // [heads, pixels, d + 1]
  const columns = (starts: number, ends: number): Value =>
    builder.apply("Slice", [products], { axes: [2], starts: [starts], ends: [ends] });
  const least = builder.constant("epsilon", Tensor.from(Float32Array.of(epsilon), []));
  const weights = builder.apply("Add", [columns(headSize, headSize + 1), least], {});
  const attended = builder.apply("Div", [columns(0, headSize), weights], {});
  const pixels = builder.apply("Transpose", [attended], { perm: [1, 0, 2] });
  const output = builder.apply("Reshape", [pixels], { shape: [1, rows, width, heads * headSize] });
  return builder.build({ [linearAttentionNames.output]: output });
}
