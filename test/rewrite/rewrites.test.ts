/** Every rewrite computes the same function as the graph it was made from. */
import { afterAll, describe, expect, test } from "vitest";
import { GraphBuilder, verify, type Graph, type Value } from "../../src/graph/index.ts";
import { Generator } from "../../src/random/index.ts";
import type { TileSize } from "../../src/cost/index.ts";
import { foldedUpsampling, rewrite, winograd } from "../../src/rewrite/index.ts";
import { NodeRuntime } from "../../src/runtime/node/node-runtime.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { convolutionGraph, type Sizes } from "./convolution-graph.ts";

const runtime = new NodeRuntime({ device: "cpu" });
afterAll(() => runtime.dispose());

const generator = Generator.philox(4);
const normal = (...shape: number[]): Tensor<"float32"> => generator.randn(shape);

async function run(graph: Graph, x: Tensor): Promise<Tensor> {
  const session = await runtime.createSession(graph);
  const { y } = await session.run({ x });
  await session.dispose();
  return y!;
}

const convolution = (sizes: Sizes, before?: (builder: GraphBuilder, x: Value) => Value): Graph =>
  convolutionGraph(generator, sizes, before);

/** Sums of 9 · Cin products of normal numbers: the rounding of each form is some 1e-6 of √(9 · Cin). */
const tolerance = (inChannels: number, tile: TileSize): { absolute: number } => ({
  absolute: { 2: 2e-6, 4: 1e-5, 6: 1e-4 }[tile] * Math.sqrt(9 * inChannels),
});

describe("Winograd's convolution is the direct convolution", () => {
  const cases: [string, Sizes][] = [
    ["a multiple of every tile", { shape: [1, 3, 12, 24], outChannels: 5 }],
    ["odd sizes", { shape: [1, 4, 7, 13], outChannels: 2 }],
    ["smaller than a tile", { shape: [1, 2, 1, 1], outChannels: 3 }],
    ["a batch", { shape: [3, 4, 9, 8], outChannels: 6 }],
    ["no pads above and below", { shape: [1, 4, 10, 8], outChannels: 4, pads: [0, 1, 0, 1] }],
    ["pads at the top only", { shape: [1, 4, 5, 8], outChannels: 4, pads: [1, 0, 0, 0] }],
    ["no bias", { shape: [1, 32, 16, 16], outChannels: 8, hasBias: false }],
  ];
  describe.each([2, 4, 6] as const)("in tiles of %i", (tile) => {
    test.each(cases)("%s", async (_, sizes) => {
      const graph = convolution(sizes, (__, x) => x);
      const rewritten = rewrite(
        graph,
        winograd(() => tile),
      );
      verify(rewritten);
      expect(rewritten.initializers.map(({ value }) => value.name)).toContain(`winograd_${tile}_output`);
      const x = normal(...sizes.shape);
      expect(await run(rewritten, x)).toBeAllclose(await run(graph, x), tolerance(sizes.shape[1], tile));
    });
  });

  test("leaves other kernels, strides and unchosen convolutions alone", () => {
    const graph = convolution({ shape: [1, 3, 8, 8], outChannels: 2 }, (_, x) => x);
    expect(
      rewrite(
        graph,
        winograd(() => undefined),
      ),
    ).toEqual(graph);
    const builder = new GraphBuilder("others");
    const x = builder.input("x", "float32", [1, 3, 8, 8]);
    const three = builder.constant("three", normal(3, 3, 3, 3));
    const one = builder.constant("one", normal(3, 3, 1, 1));
    const strided = builder.apply("Conv", [x, three], { strides: [2, 2], pads: [0, 0, 1, 1] });
    const others = builder.build({
      y: builder.apply("Conv", [strided, one], { strides: [1, 1], pads: [0, 0, 0, 0] }),
    });
    expect(
      rewrite(
        others,
        winograd(() => 4),
      ),
    ).toEqual(others);
  });
});

describe("folded upsampling", () => {
  test.each<[string, Sizes]>([
    ["one channel", { shape: [1, 1, 2, 3], outChannels: 1 }],
    ["one pixel", { shape: [1, 3, 1, 1], outChannels: 2 }],
    ["a batch of odd sizes", { shape: [2, 4, 5, 7], outChannels: 3, hasBias: false }],
  ])("is upsampling and convolution: %s", async (_, sizes) => {
    const graph = convolution(sizes, (builder, x) => builder.apply("Resize", [x], { scales: [2, 2] }));
    const rewritten = rewrite(graph, foldedUpsampling);
    verify(rewritten);
    expect(rewritten.nodes.map(({ operator }) => operator)).not.toContain("Resize");
    const x = normal(...sizes.shape);
    expect(await run(rewritten, x)).toBeAllclose(await run(graph, x), { absolute: 2e-5 });
  });
});
