/** Convolutions in the forms that ONNX Runtime's WebGPU provider computes right: the same results as before, and which are changed. */
import { afterAll, describe, expect, test } from "vitest";
import {
  GraphBuilder,
  verify,
  type Graph,
  type NodeOf,
  type OperatorAttributes,
} from "../../src/graph/index.ts";
import { fourfoldChannels } from "../../src/rewrite/fourfold-channels.ts";
import { keptPadding } from "../../src/rewrite/kept-padding.ts";
import { rewrite, type RewriteRule } from "../../src/rewrite/rewriter.ts";
import { NodeRuntime } from "../../src/runtime/node/node-runtime.ts";
import { sizeOf, type Shape } from "../../src/tensor/shape.ts";
import { Tensor } from "../../src/tensor/tensor.ts";

type Attributes = OperatorAttributes["Conv"];

const runtime = new NodeRuntime({ device: "cpu" });
afterAll(() => runtime.dispose());

interface Case extends Partial<Attributes> {
  readonly x: Shape;
  readonly kernel: Shape;
}

/** y = Conv(x, kernel, bias) */
function convolution({ x, kernel, strides = [1, 1], pads = [0, 0, 0, 0], group = 1 }: Case): Graph {
  const builder = new GraphBuilder("convolution");
  const inputs = Object.entries({ x, kernel, bias: [kernel[0]!] });
  const values = inputs.map(([name, shape]) => builder.input(name, "float32", shape));
  return builder.build({ y: builder.apply("Conv", values, { strides, pads, group }) });
}

const numbers = (shape: Shape): Tensor =>
  Tensor.from(
    Float32Array.from({ length: sizeOf(shape) }, (_, index) => Math.sin(index * index + 1)),
    shape,
  );

async function resultOf(graph: Graph): Promise<Tensor> {
  const session = await runtime.createSession(graph);
  const { y } = await session.run(
    Object.fromEntries(graph.inputs.map(({ name, shape }) => [name, numbers(shape)])),
  );
  await session.dispose();
  return y!;
}

async function changed(rule: RewriteRule, plain: Graph): Promise<Graph> {
  const graph = rewrite(plain, rule);
  verify(graph);
  // Sums of up to 150 products of float32, in another order.
  expect(await resultOf(graph)).toBeAllclose(await resultOf(plain), { absolute: 1e-5 });
  return graph;
}

describe("padding below and on the right", () => {
  test.each<Case>([
    { x: [1, 3, 2, 2], kernel: [2, 3, 2, 2], pads: [0, 0, 1, 1] },
    { x: [1, 3, 2, 2], kernel: [2, 3, 2, 2], pads: [0, 0, 0, 1] },
    { x: [2, 3, 3, 4], kernel: [2, 3, 3, 4], pads: [0, 0, 2, 0] },
    { x: [1, 3, 4, 4], kernel: [2, 3, 4, 4], pads: [0, 0, 3, 3], strides: [2, 3] },
    { x: [1, 3, 5, 6], kernel: [2, 3, 1, 1], pads: [0, 0, 1, 1] },
  ])("has its like above and on the left, which is taken away: %j", async (each) => {
    const graph = await changed(keptPadding, convolution(each));
    const [conv, slice] = graph.nodes as [NodeOf<"Conv">, NodeOf<"Slice">];
    expect([conv.operator, slice.operator]).toEqual(["Conv", "Slice"]);
    expect(conv.attributes.pads).toEqual([...(each.strides ?? [1, 1]), ...each.pads!.slice(2)]);
  });

  test.each<Case>([
    { x: [1, 3, 2, 2], kernel: [2, 3, 2, 2], pads: [1, 1, 0, 0] },
    { x: [1, 3, 2, 2], kernel: [2, 3, 2, 2], pads: [1, 0, 0, 1] },
    { x: [1, 3, 2, 2], kernel: [2, 3, 2, 2], pads: [0, 1, 1, 0] },
    { x: [1, 3, 2, 2], kernel: [2, 3, 2, 2] },
    { x: [1, 3, 2, 3], kernel: [2, 3, 2, 2], pads: [0, 0, 1, 1] },
    { x: [1, 3, 3, 3], kernel: [2, 3, 3, 3], pads: [1, 1, 1, 1] },
  ])("stays as it is where it is not lost: %j", (each) => {
    const graph = convolution(each);
    expect(rewrite(graph, keptPadding)).toEqual(graph);
  });
});

describe("channels", () => {
  test.each<[Case, number]>([
    [{ x: [1, 6, 5, 4], kernel: [4, 6, 3, 3], pads: [1, 1, 1, 1] }, 8],
    [{ x: [2, 9, 5, 4], kernel: [8, 9, 2, 2], strides: [2, 2] }, 12],
    [{ x: [1, 15, 5, 4], kernel: [12, 15, 1, 3] }, 16],
    [{ x: [1, 18, 5, 4], kernel: [4, 18, 3, 1] }, 20],
  ])("become a multiple of four where they are counted wrong: %j", async (each, expected) => {
    const graph = await changed(fourfoldChannels, convolution(each));
    expect(graph.nodes.map(({ operator }) => operator)).toEqual(["Pad", "Pad", "Conv"]);
    expect(graph.nodes[2]!.inputs.slice(0, 2).map(({ shape }) => shape[1])).toEqual([expected, expected]);
  });

  test.each<Case>([
    { x: [1, 3, 5, 4], kernel: [4, 3, 3, 3] },
    { x: [1, 12, 5, 4], kernel: [4, 12, 3, 3] },
    { x: [1, 7, 5, 4], kernel: [4, 7, 3, 3] },
    { x: [1, 6, 5, 4], kernel: [6, 6, 3, 3] },
    { x: [1, 6, 5, 4], kernel: [4, 6, 1, 1] },
    { x: [1, 6, 5, 4], kernel: [12, 1, 3, 3], group: 6 },
  ])("stay as they are elsewhere: %j", (each) => {
    const graph = convolution(each);
    expect(rewrite(graph, fourfoldChannels)).toEqual(graph);
  });
});
