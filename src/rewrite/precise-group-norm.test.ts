import { expect, test } from "vitest";
import { GraphBuilder, verify, type Graph } from "../graph/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import { preciseGroupNorm } from "./precise-group-norm.ts";
import { rewrite } from "./rewriter.ts";

/** y = InstanceNormalization(x), for x [2, 4, …spatial]. */
function normalization(...spatial: number[]): Graph {
  const builder = new GraphBuilder("normalization");
  const x = builder.input("x", "float32", [2, 4, ...spatial]);
  const scale = builder.constant("scale", Tensor.from(Float32Array.of(1, 2, 3, 4), [4]));
  const bias = builder.constant("bias", Tensor.zeros([4]));
  return builder.build({
    y: builder.apply("InstanceNormalization", [x, scale, bias], { epsilon: 1e-6 }),
  });
}

test.each([[[30]], [[5, 6]]])("the mean over the axes %j is taken away first", (spatial) => {
  const graph = rewrite(normalization(...spatial), preciseGroupNorm);
  verify(graph);
  expect(graph.nodes.map(({ operator }) => operator)).toEqual(["ReduceMean", "Sub", "InstanceNormalization"]);
  const [mean, centered, normalized] = graph.nodes;
  expect(mean!.output.shape).toEqual([2, 4, ...spatial.map(() => 1)]);
  expect(centered!.inputs.map(({ name }) => name)).toEqual(["x", mean!.output.name]);
  expect(normalized!.inputs.map(({ name }) => name)).toEqual([centered!.output.name, "scale", "bias"]);
  expect(normalized!.attributes).toEqual({ epsilon: 1e-6 });
});

test("a graph without normalisation stays as it is", () => {
  const builder = new GraphBuilder("sum");
  const x = builder.input("x", "float32", [2, 3]);
  const graph = builder.build({ y: builder.apply("Add", [x, x], {}) });
  expect(rewrite(graph, preciseGroupNorm)).toEqual(graph);
});
