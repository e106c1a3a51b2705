/** Convolutions in ONNX Runtime's blocked layout, beside the definition of a convolution in double precision. */
import { afterAll, describe, expect, test } from "vitest";
import { gradients } from "../../src/autodiff/index.ts";
import { GraphBuilder, type Extent, type Graph, type Pads } from "../../src/graph/index.ts";
import { encodeModel } from "../../src/onnx/index.ts";
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

/** Whether the graph is written in blocks of 16 channels, whatever this machine has. */
const isInBlocks = (graph: Graph): boolean =>
  Buffer.from(encodeModel(graph, () => ({ bytes: new Uint8Array() }), { blockSize: 16 })).includes(
    "com.microsoft.nchwc",
  );

/** Kernels as an input of the graph, or as its constants. */
function convolution({ x, weight, strides, pads }: Case, constant?: Tensor): Graph {
  const builder = new GraphBuilder("convolution");
  const input = builder.input("x", "float32", x);
  const kernel =
    constant === undefined ? builder.input("w", "float32", weight) : builder.constant("w", constant);
  return builder.build({ y: builder.apply("Conv", [input, kernel], { strides, pads }) });
}

async function run(graph: Graph, inputs: Record<string, Tensor>): Promise<Record<string, Tensor>> {
  const session = await runtime.createSession(graph);
  const outputs = await session.run(inputs);
  await session.dispose();
  return outputs;
}

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
