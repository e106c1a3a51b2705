/** Convolutions in ONNX Runtime's blocked layout, beside the definition of a convolution in double precision. */
import { afterAll, describe, expect, test } from "vitest";
import { gradients } from "../../src/autodiff/index.ts";
import { GraphBuilder, type Extent, type Graph, type Pads, type Value } from "../../src/graph/index.ts";
import { encodeModel } from "../../src/onnx/index.ts";
import { withBlocks } from "../../src/cost/index.ts";
import { isLabelledInBlocks, ortDialect } from "../../src/ort/index.ts";
import { Generator } from "../../src/random/index.ts";
import { NodeRuntime } from "../../src/runtime/node/node-runtime.ts";
import { Tensor } from "../../src/tensor/tensor.ts";

const runtime = new NodeRuntime({ device: "cpu" });
afterAll(() => runtime.dispose());

const generator = Generator.philox(9);
type Shape = readonly [number, number, number, number];

interface Case {
  /** [N, Cin, H, W] */
  readonly x: Shape;
  /** [Cout, Cin, kH, kW] */
  readonly weight: Shape;
  readonly strides: Extent;
  readonly pads: Pads;
}

/** By definition, with `at` for the elements of x and of the kernels. */
function convolved(
  { x, weight, strides, pads }: Case,
  xData: ArrayLike<number>,
  weightData: ArrayLike<number>,
): Tensor<"float32"> {
  const [batch, inChannels, height, width] = x;
  const [outChannels, , kernelHeight, kernelWidth] = weight;
  const outHeight = Math.floor((height + pads[0] + pads[2] - kernelHeight) / strides[0]) + 1;
  const outWidth = Math.floor((width + pads[1] + pads[3] - kernelWidth) / strides[1]) + 1;
  const at = (n: number, c: number, row: number, column: number): number =>
    row < 0 || row >= height || column < 0 || column >= width
      ? 0
      : xData[((n * inChannels + c) * height + row) * width + column]!;
  const data: number[] = [];
  for (let n = 0; n < batch; n++)
    for (let o = 0; o < outChannels; o++)
      for (let row = 0; row < outHeight; row++)
        for (let column = 0; column < outWidth; column++) {
          let sum = 0;
          for (let c = 0; c < inChannels; c++)
            for (let i = 0; i < kernelHeight; i++)
              for (let j = 0; j < kernelWidth; j++)
                sum +=
                  at(n, c, row * strides[0] - pads[0] + i, column * strides[1] - pads[1] + j) *
                  weightData[((o * inChannels + c) * kernelHeight + i) * kernelWidth + j]!;
          data.push(sum);
        }
  return Tensor.from(Float32Array.from(data), [batch, outChannels, outHeight, outWidth]);
}

/** The model of a graph as it is labelled, in blocks of 16 channels, whatever this machine has. */
function modelOf(graph: Graph, hasGroups = true): Buffer {
  const blocks = { size: 16, hasGroups, isChosen: isLabelledInBlocks };
  return Buffer.from(encodeModel(graph, () => ({ bytes: new Uint8Array() }), ortDialect({ blocks })));
}

const modelInBlocks = (graph: Graph, hasGroups = true): Buffer => modelOf(withBlocks(graph), hasGroups);

const isInBlocks = (graph: Graph): boolean => modelInBlocks(graph).includes("com.microsoft.nchwc");

/** No other convolution has dilations. */
const isGradientInBlocks = (graph: Graph, hasGroups = true): boolean =>
  modelInBlocks(graph, hasGroups).includes("dilations");

/** Kernels as an input of the graph, or as its constants. */
function convolution({ x, weight, strides, pads }: Case, constant?: Tensor): Graph {
  const builder = new GraphBuilder("convolution");
  const input = builder.input("x", "float32", x);
  const kernel =
    constant === undefined ? builder.input("w", "float32", weight) : builder.constant("w", constant);
  return builder.build({ y: builder.apply("Conv", [input, kernel], { strides, pads }) });
}

type Tensors = Record<string, Tensor>;

async function runAsItIs(graph: Graph, inputs: Tensors): Promise<Tensors> {
  const session = await runtime.createSession(graph);
  const outputs = await session.run(inputs);
  await session.dispose();
  return outputs;
}

const run = (graph: Graph, inputs: Tensors): Promise<Tensors> => runAsItIs(withBlocks(graph), inputs);

const unit = [1, 1] as const;
const border: Pads = [1, 1, 1, 1];

/** Sums of up to 700 products of normal numbers: float32 rounds each of them by some 1e-7 of their size. */
const rounding = { absolute: 1e-4 };

describe("kernels that change from run to run", () => {
  test.each<[string, Case]>([
    ["one block", { x: [2, 16, 16, 20], weight: [16, 16, 3, 3], strides: unit, pads: border }],
    ["several blocks", { x: [1, 32, 24, 24], weight: [48, 32, 3, 3], strides: unit, pads: border }],
    [
      "stride 2, pads at two sides",
      { x: [2, 16, 32, 34], weight: [32, 16, 3, 3], strides: [2, 2], pads: [0, 0, 1, 1] },
    ],
    [
      "other kernels than 3x3",
      { x: [1, 32, 26, 25], weight: [16, 32, 4, 2], strides: unit, pads: [2, 0, 1, 1] },
    ],
  ])("%s", async (_, each) => {
    const x = generator.randn(each.x);
    const w = generator.randn(each.weight);
    const graph = convolution(each);
    expect(isInBlocks(graph)).toBe(true);
    const { y } = await run(graph, { x, w });
    expect(y).toBeAllclose(convolved(each, x.data, w.data), rounding);
  });

  test("two convolutions of one picture, with biases", async () => {
    const each: Case = { x: [1, 16, 24, 24], weight: [16, 16, 3, 3], strides: unit, pads: border };
    const builder = new GraphBuilder("two");
    const x = builder.input("x", "float32", each.x);
    const bias = builder.constant("b", Tensor.from(new Float32Array(16).fill(0.5), [16]));
    const [first, second] = ["v", "w"].map((name) =>
      builder.apply("Conv", [x, builder.input(name, "float32", each.weight), bias], {
        strides: unit,
        pads: border,
      }),
    );
    const graph = builder.build({ y: builder.apply("Sub", [first!, second!], {}) });
    const [picture, v, w] = [each.x, each.weight, each.weight].map((shape) => generator.randn(shape));
    const { y } = await run(graph, { x: picture!, v: v!, w: w! });
    const difference = v!.data.map((value, index) => value - w!.data[index]!);
    expect(y).toBeAllclose(convolved(each, picture!.data, difference), rounding);
  });
});

test("convolutions with the sum and Relu that they take in, beside the same nodes one by one", async () => {
  const shape: Shape = [2, 32, 20, 24];
  const builder = new GraphBuilder("residual");
  const x = builder.input("x", "float32", shape);
  const w = builder.input("w", "float32", [32, 32, 3, 3]);
  const bias = builder.input("b", "float32", [32]);
  const convolve = (input: Value, ...biases: Value[]): Value =>
    builder.apply("Conv", [input, w, ...biases], { strides: unit, pads: border });
  const relu = (input: Value): Value => builder.apply("Relu", [input], {});
  const block = (input: Value): Value =>
    relu(builder.apply("Add", [convolve(relu(convolve(input, bias))), input], {}));
  // The first block's result is a summand of the second, and of what is in no blocks; the second's goes on to few channels.
  const first = block(x);
  const second = block(first);
  const few = builder.apply("Conv", [second, builder.input("few", "float32", [3, 32, 3, 3])], {
    strides: unit,
    pads: border,
  });
  const graph = builder.build({ y: builder.apply("Sub", [block(second), first], {}), z: few });
  expect(modelInBlocks(graph).includes("activation")).toBe(true);
  const inputs = {
    x: generator.randn(shape),
    w: Tensor.from(
      generator.randn([32, 32, 3, 3]).data.map((value) => value / 17),
      [32, 32, 3, 3],
    ),
    b: generator.randn([32]),
    few: generator.randn([3, 32, 3, 3]),
  };
  const [found, expected] = [await run(graph, inputs), await runAsItIs(graph, inputs)];
  for (const { name } of graph.outputs) expect(found[name]).toBeAllclose(expected[name]!, rounding);
});

describe("constant kernels of one channel", () => {
  test.each<[string, Case]>([
    ["that fill blocks", { x: [3, 1, 22, 30], weight: [16, 1, 4, 4], strides: [4, 4], pads: [0, 0, 2, 2] }],
    [
      "that leave the last block open",
      { x: [1, 1, 66, 18], weight: [36, 1, 6, 6], strides: [4, 4], pads: border },
    ],
  ])("%s", async (_, each) => {
    const x = generator.randn(each.x);
    const w = generator.randn(each.weight);
    const graph = convolution(each, w);
    expect(isInBlocks(graph)).toBe(true);
    const { y } = await run(graph, { x });
    expect(y).toBeAllclose(convolved(each, x.data, w.data), rounding);
  });
});

test.each<[string, Case]>([
  [
    "channels that do not fill blocks",
    { x: [1, 24, 32, 32], weight: [16, 24, 3, 3], strides: unit, pads: border },
  ],
  ["kernels of one pixel", { x: [1, 16, 32, 32], weight: [16, 16, 1, 1], strides: unit, pads: [0, 0, 0, 0] }],
  ["few pixels", { x: [1, 16, 8, 8], weight: [16, 16, 3, 3], strides: unit, pads: border }],
])("%s stay as they are", (_, each) => {
  expect(isInBlocks(convolution(each))).toBe(false);
});

test("what nobody labelled stays as it is", () => {
  const each: Case = { x: [1, 16, 32, 32], weight: [16, 16, 3, 3], strides: unit, pads: border };
  const graph = convolution(each);
  expect([graph, withBlocks(graph)].map((one) => modelOf(one).includes("com.microsoft.nchwc"))).toEqual([
    false,
    true,
  ]);
});

test("a label does not make blocks of channels that do not fill them", () => {
  const each: Case = { x: [1, 24, 32, 32], weight: [24, 24, 3, 3], strides: unit, pads: border };
  const graph = withBlocks(convolution(each));
  // 24 channels are three blocks of 8.
  expect(graph.nodes.map(({ labels }) => labels?.inBlocks)).toEqual([true]);
  expect(modelOf(graph).includes("com.microsoft.nchwc")).toBe(false);
});

test("the gradient with respect to a picture, whose kernels are turned", async () => {
  const each: Case = { x: [1, 32, 24, 24], weight: [16, 32, 3, 3], strides: unit, pads: border };
  const builder = new GraphBuilder("gradient");
  const x = builder.input("x", "float32", each.x);
  const w = builder.input("w", "float32", each.weight);
  const gradient = builder.input("dy", "float32", [1, 16, 24, 24]);
  const value = builder.apply("Conv", [x, w], { strides: unit, pads: border });
  const [dx] = gradients(builder, [{ value, gradient }], [x]);
  const graph = builder.build({ value, dx: dx! });
  expect(graph.composites.map(({ kind }) => kind)).toEqual(["TurnedKernel"]);
  const weights = generator.randn(each.weight);
  const dy = generator.randn([1, 16, 24, 24]);
  const outputs = await run(graph, { x: generator.randn(each.x), w: weights, dy });
  const turned = weights.data.map((_, index) => {
    const [tap, out, channel] = [index % 9, Math.floor(index / 9) % 16, Math.floor(index / 9 / 16)];
    return weights.data[(out * 32 + channel) * 9 + (8 - tap)]!;
  });
  const backward: Case = { ...each, x: [1, 16, 24, 24], weight: [32, 16, 3, 3] };
  expect(outputs["dx"]).toBeAllclose(convolved(backward, dy.data, turned), rounding);
});

describe("the gradient with respect to kernels", () => {
  /** By definition, in double precision. */
  function ofKernels({ x, weight, pads }: Case, xData: ArrayLike<number>, dy: Tensor): Tensor<"float32"> {
    const [batch, inChannels, height, width] = x;
    const [outChannels, , kernelHeight, kernelWidth] = weight;
    const [, , outHeight, outWidth] = dy.shape as Shape;
    const data: number[] = [];
    for (let o = 0; o < outChannels; o++)
      for (let c = 0; c < inChannels; c++)
        for (let i = 0; i < kernelHeight; i++)
          for (let j = 0; j < kernelWidth; j++) {
            let sum = 0;
            for (let n = 0; n < batch; n++)
              for (let row = 0; row < outHeight; row++)
                for (let column = 0; column < outWidth; column++) {
                  const [y, z] = [row - pads[0] + i, column - pads[1] + j];
                  if (y < 0 || y >= height || z < 0 || z >= width) continue;
                  sum +=
                    xData[((n * inChannels + c) * height + y) * width + z]! *
                    Number(dy.data[((n * outChannels + o) * outHeight + row) * outWidth + column]);
                }
            data.push(sum);
          }
    return Tensor.from(Float32Array.from(data), weight);
  }

  function gradientGraph({ x, weight, strides, pads }: Case): { graph: Graph; outShape: Shape } {
    const builder = new GraphBuilder("gradient");
    const input = builder.input("x", "float32", x);
    const w = builder.input("w", "float32", weight);
    const value = builder.apply("Conv", [input, w], { strides, pads });
    const gradient = builder.input("dy", "float32", value.shape);
    const [dw] = gradients(builder, [{ value, gradient }], [w]);
    return { graph: builder.build({ dw: dw! }), outShape: value.shape as Shape };
  }

  test.each<[string, Case]>([
    ["one block", { x: [3, 16, 16, 20], weight: [16, 16, 3, 3], strides: unit, pads: border }],
    ["blocks of inputs", { x: [2, 48, 17, 16], weight: [16, 48, 3, 3], strides: unit, pads: border }],
    ["blocks of outputs", { x: [2, 16, 16, 18], weight: [48, 16, 3, 3], strides: unit, pads: border }],
    [
      "blocks of both, one example",
      { x: [1, 32, 20, 16], weight: [32, 32, 3, 3], strides: unit, pads: border },
    ],
    ["many channels", { x: [2, 64, 16, 16], weight: [64, 64, 3, 3], strides: unit, pads: border }],
    [
      "zeros at two sides only",
      { x: [2, 16, 18, 17], weight: [16, 16, 2, 3], strides: unit, pads: [1, 0, 0, 2] },
    ],
    ["no zeros", { x: [2, 16, 20, 20], weight: [16, 16, 3, 2], strides: unit, pads: [0, 0, 0, 0] }],
  ])("%s", async (_, each) => {
    const { graph, outShape } = gradientGraph(each);
    const [x, w, dy] = [each.x, each.weight, outShape].map((shape) => generator.randn(shape));
    expect(isGradientInBlocks(graph)).toBe(true);
    const { dw } = await run(graph, { x: x!, w: w!, dy: dy! });
    // Sums of up to a thousand products, of which float32 keeps seven digits.
    expect(dw).toBeAllclose(ofKernels(each, x!.data, dy!), { absolute: 3e-4 });
  });

  test.each<[string, Case]>([
    [
      "of one block and one example",
      { x: [1, 16, 20, 20], weight: [16, 16, 3, 3], strides: unit, pads: border },
    ],
    ["of small pictures", { x: [4, 16, 15, 16], weight: [16, 16, 3, 3], strides: unit, pads: border }],
    ["of larger strides", { x: [2, 16, 32, 32], weight: [16, 16, 3, 3], strides: [2, 2], pads: border }],
    ["of more channels", { x: [2, 80, 16, 16], weight: [64, 80, 3, 3], strides: unit, pads: border }],
    [
      "of as many examples as a block has channels",
      { x: [16, 16, 16, 16], weight: [16, 16, 3, 3], strides: unit, pads: border },
    ],
  ])("%s is not written as a convolution", (_, each) => {
    expect(isGradientInBlocks(gradientGraph(each).graph)).toBe(false);
  });

  test("is not written as a convolution where there are no groups", () => {
    const { graph } = gradientGraph({
      x: [3, 16, 16, 16],
      weight: [16, 16, 3, 3],
      strides: unit,
      pads: border,
    });
    expect([true, false].map((hasGroups) => isGradientInBlocks(graph, hasGroups))).toEqual([true, false]);
  });
});
