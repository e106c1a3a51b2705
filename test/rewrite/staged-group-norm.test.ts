/** Group normalisation of large, smooth maps, against double precision. */
import * as ortWeb from "onnxruntime-web/wasm";
import { afterAll, describe, expect, test } from "vitest";
import { GraphBuilder, verify, type Graph } from "../../src/graph/index.ts";
import { groupNorm } from "../../src/nn/index.ts";
import { rewrite, stagedGroupNorm } from "../../src/rewrite/index.ts";
import { NodeRuntime } from "../../src/runtime/node/node-runtime.ts";
import { WebRuntime } from "../../src/runtime/web/web-runtime.ts";
import type { Shape } from "../../src/tensor/shape.ts";
import { Tensor } from "../../src/tensor/tensor.ts";

ortWeb.env.wasm.numThreads = 1;
/** By the form that each takes. */
const runtimes = {
  elementwise: new NodeRuntime({ device: "cpu" }),
  "by kernels": new WebRuntime(ortWeb),
} as const;
const operatorOf = { elementwise: "ReduceMean", "by kernels": "AveragePool" } as const;
afterAll(async () => {
  await runtimes.elementwise.dispose();
  await runtimes["by kernels"].dispose();
});

type Sizes = readonly [batch: number, channels: number, height: number, width: number];

const groups = 2;
const epsilon = 1e-6;
const weightOf = (channel: number): number => 1 + channel / 4;
const biasOf = (channel: number): number => channel / 8 - 1;

function normalization(shape: Sizes): Graph {
  const builder = new GraphBuilder("normalization");
  const context = {
    builder,
    parameter: (name: string, stored: Shape, view = stored) => {
      const of = name.endsWith("weight") ? weightOf : biasOf;
      const values = Float32Array.from({ length: shape[1] }, (_, channel) => of(channel));
      return builder.constant(name, Tensor.from(values, view));
    },
  };
  return builder.build({ y: groupNorm(context, "norm", builder.input("x", "float32", shape), groups) });
}

/** A slope over the whole picture, which every sum of squares climbs in the same direction. */
const slope = (shape: Sizes): Tensor<"float32"> => {
  const size = shape.reduce((product, length) => product * length, 1);
  return Tensor.from(
    Float32Array.from({ length: size }, (_, i) => 0.1 + (3 * i) / size),
    shape,
  );
};

function expected(x: Tensor<"float32">): Tensor<"float32"> {
  const [batch, channels, height, width] = x.shape as Sizes;
  const pixels = height * width;
  const length = (channels / groups) * pixels;
  const y = new Float32Array(x.data.length);
  for (let begin = 0; begin < batch * channels * pixels; begin += length) {
    const values = Float64Array.from(x.data.subarray(begin, begin + length));
    const mean = values.reduce((sum, value) => sum + value, 0) / length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / length;
    values.forEach((value, i) => {
      const channel = Math.floor((begin + i) / pixels) % channels;
      y[begin + i] = ((value - mean) / Math.sqrt(variance + epsilon)) * weightOf(channel) + biasOf(channel);
    });
  }
  return Tensor.from(y, x.shape);
}

describe("statistics in two stages are those of double precision", () => {
  const cases: [string, Sizes][] = [
    ["a large picture", [1, 8, 512, 512]],
    ["a batch of uneven pictures", [2, 4, 333, 251]],
    ["rows and columns of a prime length", [1, 2, 311, 313]],
  ];
  const ways = cases.flatMap((one) =>
    (["elementwise", "by kernels"] as const).map((by) => [...one, by] as const),
  );
  test.each(ways)("%s", async (_, shape, form) => {
    const graph = rewrite(normalization(shape), stagedGroupNorm(2 ** 16, form));
    verify(graph);
    const operators = graph.nodes.map(({ operator }) => operator);
    expect(operators).not.toContain("InstanceNormalization");
    expect(operators).toContain(operatorOf[form]);
    const session = await runtimes[form].createSession(graph);
    const x = slope(shape);
    const { y } = await session.run({ x });
    await session.dispose();
    // The mean's own rounding, 6e-8 of values some times the deviation, weighed by up to 3.
    expect(y).toBeAllclose(expected(x), { absolute: 3e-5 });
  });
});

test("small groups stay with the operator, and the composite remains", () => {
  const small = normalization([1, 4, 100, 100]);
  expect(rewrite(small, stagedGroupNorm(2 ** 16))).toEqual(small);
  const large = rewrite(normalization([1, 4, 300, 300]), stagedGroupNorm(2 ** 16));
  expect(large.composites.map(({ kind, output }) => `${kind} ${output.name}`)).toEqual([
    "GroupNormalization y",
  ]);
});
