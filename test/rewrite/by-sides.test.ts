/** Tiles whose sides are transformed one after the other compute what the plain graph does, on the runtime that they are for. */
import * as ortWeb from "onnxruntime-web/wasm";
import { afterAll, describe, expect, test } from "vitest";
import type { GraphBuilder } from "../../src/graph/index.ts";
import { verify, type Graph, type Value } from "../../src/graph/index.ts";
import { Generator } from "../../src/random/index.ts";
import { rewrite, upsamplingInTiles, winograd } from "../../src/rewrite/index.ts";
import { WebRuntime } from "../../src/runtime/web/web-runtime.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { convolutionGraph, type Sizes } from "./convolution-graph.ts";

// Counting the cores is the one thing that the WebAssembly build cannot do in Node.
ortWeb.env.wasm.numThreads = 1;
const runtime = new WebRuntime(ortWeb);
afterAll(() => runtime.dispose());

const generator = Generator.philox(5);
const normal = (...shape: number[]): Tensor<"float32"> => generator.randn(shape);

async function run(graph: Graph, x: Tensor): Promise<Tensor> {
  const session = await runtime.createSession(graph);
  const { y } = await session.run({ x });
  await session.dispose();
  return y!;
}

const convolution = (sizes: Sizes, before?: (builder: GraphBuilder, x: Value) => Value): Graph =>
  convolutionGraph(generator, sizes, before);

const upsampled = (sizes: Sizes): Graph =>
  convolution(sizes, (builder, x) => builder.apply("Resize", [x], { scales: [2, 2] }));

/** Sums of 9 · Cin products of normal numbers, of which each form rounds some 1e-6. */
const tolerance = ({ shape }: Sizes): { absolute: number } => ({ absolute: 1e-5 * Math.sqrt(9 * shape[1]) });

async function expectSame(rewritten: Graph, graph: Graph, sizes: Sizes): Promise<void> {
  verify(rewritten);
  const x = normal(...sizes.shape);
  expect(await run(rewritten, x)).toBeAllclose(await run(graph, x), tolerance(sizes));
}

describe("Winograd's convolution by sides is the direct convolution", () => {
  const cases: [string, Sizes][] = [
    ["a multiple of the tile", { shape: [1, 3, 12, 24], outChannels: 5 }],
    ["odd sizes", { shape: [1, 4, 7, 13], outChannels: 2 }],
    ["smaller than a tile", { shape: [1, 2, 1, 1], outChannels: 3 }],
    ["a batch", { shape: [3, 4, 9, 8], outChannels: 6 }],
    ["a batch without bias", { shape: [2, 3, 8, 8], outChannels: 3, hasBias: false }],
    ["no pads above and below", { shape: [1, 4, 10, 8], outChannels: 4, pads: [0, 1, 0, 1] }],
    ["no pads to the right", { shape: [1, 4, 5, 8], outChannels: 4, pads: [1, 1, 1, 0] }],
    ["pads at the top only", { shape: [2, 4, 5, 8], outChannels: 4, pads: [1, 0, 0, 0] }],
    ["no bias", { shape: [1, 32, 16, 16], outChannels: 8, hasBias: false }],
  ];
  describe.each(["4x4", "4x1"] as const)("in tiles of %s", (tile) => {
    test.each(cases)("%s", async (_, sizes) => {
      const graph = convolution(sizes);
      const rewritten = rewrite(
        graph,
        winograd(() => tile),
      );
      const forms = rewritten.nodes.flatMap(({ labels }) => labels?.convolution?.form ?? []);
      expect(forms).toContainEqual({ kind: "winograd by sides", tile });
      await expectSame(rewritten, graph, sizes);
    });
  });
});

describe("upsampling in tiles is upsampling and convolution", () => {
  const cases: [string, Sizes][] = [
    ["one pixel", { shape: [1, 3, 1, 1], outChannels: 2 }],
    ["two pixels, which fill a tile", { shape: [1, 2, 2, 2], outChannels: 2 }],
    ["odd sizes", { shape: [1, 4, 5, 7], outChannels: 3 }],
    ["a batch without bias", { shape: [2, 4, 6, 8], outChannels: 3, hasBias: false }],
    ["many channels", { shape: [1, 32, 16, 9], outChannels: 16 }],
  ];
  test.each(cases)("%s", async (_, sizes) => {
    const graph = upsampled(sizes);
    const rewritten = rewrite(
      graph,
      upsamplingInTiles(() => true),
    );
    expect(rewritten.nodes.map(({ operator }) => operator)).not.toContain("Resize");
    await expectSame(rewritten, graph, sizes);
  });

  test("is told the small picture's shape, and leaves alone what is not worth it", () => {
    const graph = upsampled({ shape: [2, 4, 5, 7], outChannels: 3 });
    const asked: unknown[] = [];
    const rule = upsamplingInTiles((shape) => {
      asked.push(shape);
      return false;
    });
    expect(rewrite(graph, rule)).toEqual(graph);
    expect(asked).toEqual([{ batch: 2, inChannels: 4, outChannels: 3, height: 5, width: 7 }]);
    const plain = convolution({ shape: [1, 4, 6, 6], outChannels: 2 });
    expect(
      rewrite(
        plain,
        upsamplingInTiles(() => true),
      ),
    ).toEqual(plain);
  });
});
