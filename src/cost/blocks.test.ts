import { describe, expect, test } from "vitest";
import { GraphBuilder, type Graph, type Value } from "../graph/index.ts";
import { liveBytes } from "../memory/index.ts";
import { rewrite } from "../rewrite/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import { withBlocks } from "./blocks.ts";

const border = { strides: [1, 1], pads: [1, 1, 1, 1] } as const;

/** A convolution of changing kernels, one of constant kernels of one channel, and one for whose gradient there is a composite. */
function graph(side: number): Graph {
  const builder = new GraphBuilder("test");
  const x = builder.input("x", "float32", [1, 16, side, side]);
  const w = builder.input("w", "float32", [16, 16, 3, 3]);
  const y = builder.labelled({ layer: "first" }, () => builder.apply("Conv", [x, w], border));
  const planes = builder.apply("Reshape", [y], { shape: [16, 1, side, side] });
  const tiles = builder.apply("Conv", [planes, builder.constant("t", Tensor.zeros([36, 1, 3, 3]))], border);
  const dw = builder.apply("Identity", [w], {});
  builder.composite({ kind: "WeightGradient", inputs: [x, y], output: dw, pads: [1, 1, 1, 1] });
  return builder.build({ tiles, dw });
}

const labelled = ({ nodes, composites }: Graph): boolean[] => [
  ...nodes.flatMap(({ operator, labels }) => (operator === "Conv" ? labels?.inBlocks === true : [])),
  ...composites.map((composite) => "inBlocks" in composite && composite.inBlocks === true),
];

describe("what is worth blocks", () => {
  test("is labelled, beside the labels that there are", () => {
    const large = withBlocks(graph(32));
    expect(labelled(large)).toEqual([true, true, true]);
    expect(large.nodes[0]!.labels).toEqual({ layer: "first", inBlocks: true });
  });

  test("is nothing that has few pixels, but for constant kernels, which cost nothing to rearrange", () => {
    expect(labelled(withBlocks(graph(8)))).toEqual([false, true, false]);
  });

  test("is nothing constant whose results are more than the cache holds", () => {
    expect(labelled(withBlocks(graph(128)))).toEqual([true, false, true]);
  });

  test("stays labelled when the graph is copied", () => {
    expect(labelled(rewrite(withBlocks(graph(32)), () => undefined))).toEqual([true, true, true]);
  });

  test("counts in memory as copies of the input and the output", () => {
    const [plain, inBlocks] = [graph(32), withBlocks(graph(32))].map((one) => liveBytes(one)[0]!);
    expect(inBlocks! - plain!).toBe(2 * 16 * 32 * 32 * 4);
  });
});

/** Whether a convolution from `inChannels` to `outChannels` with kernels of `side`, whose output is of such a size, goes in blocks. */
function isInBlocks(
  outChannels: number,
  inChannels: number,
  {
    side = 3,
    height = 16,
    width = 32,
    batch = 1,
    dtype = "float32",
  }: { side?: number; height?: number; width?: number; batch?: number; dtype?: "float32" | "float64" } = {},
): boolean {
  const builder = new GraphBuilder("one");
  const x = builder.input("x", dtype, [batch, inChannels, height, width]);
  const w = builder.input("w", dtype, [outChannels, inChannels, side, side]);
  const pad = (side - 1) / 2;
  const y = builder.apply("Conv", [x, w], { strides: [1, 1], pads: [pad, pad, pad, pad] });
  return labelled(withBlocks(builder.build({ y })))[0]!;
}

describe("a convolution of changing kernels goes in blocks", () => {
  test("from 512 pixels of output on, over all pictures", () => {
    expect(isInBlocks(8, 8)).toBe(true);
    expect(isInBlocks(8, 8, { width: 31 })).toBe(false);
    expect(isInBlocks(8, 8, { width: 16, batch: 2 })).toBe(true);
  });

  test("where its channels fill blocks of 8, and its kernels have more than one element", () => {
    expect([isInBlocks(12, 8), isInBlocks(8, 12), isInBlocks(24, 40)]).toEqual([false, false, true]);
    expect(isInBlocks(8, 8, { side: 1 })).toBe(false);
    expect(isInBlocks(8, 8, { dtype: "float64" })).toBe(false);
  });
});

/** Whether the gradient of kernels [outChannels, inChannels, side, side] goes in blocks, for a picture of height x width. */
function isGradientInBlocks(
  outChannels: number,
  inChannels: number,
  side: number,
  height: number,
  width: number,
): boolean {
  const builder = new GraphBuilder("one");
  const x = builder.input("x", "float32", [1, inChannels, height, width]);
  const dy = builder.input("dy", "float32", [1, outChannels, height, width]);
  const w = builder.input("w", "float32", [outChannels, inChannels, side, side]);
  const output = builder.apply("Identity", [w], {});
  builder.composite({ kind: "WeightGradient", inputs: [x, dy], output, pads: [1, 1, 1, 1] });
  return labelled(withBlocks(builder.build({ dw: output }))).at(-1)!;
}

describe("a convolution with few outputs", () => {
  /** [1, 16, 32, 32] → what `between` makes of it → 3 channels. */
  const withFew = (between: (builder: GraphBuilder, x: Value, w: Value) => Value): boolean[] => {
    const builder = new GraphBuilder("test");
    const x = builder.input("x", "float32", [1, 16, 32, 32]);
    const w = builder.input("w", "float32", [16, 16, 3, 3]);
    const few = builder.input("few", "float32", [3, 16, 3, 3]);
    return labelled(
      withBlocks(builder.build({ y: builder.apply("Conv", [between(builder, x, w), few], border) })),
    );
  };

  test("goes in blocks where what it reads is there in blocks", () => {
    expect(withFew((b, x, w) => b.apply("Conv", [x, w], border))).toEqual([true, true]);
    const residual = withFew((b, x, w) =>
      b.apply("Relu", [b.apply("Add", [b.apply("Conv", [x, w], border), x], {})], {}),
    );
    expect(residual).toEqual([true, true]);
  });

  test("stays as it is where that would have to be brought there", () => {
    expect(withFew((_, x) => x)).toEqual([false]);
    expect(withFew((b, x, w) => b.apply("Sigmoid", [b.apply("Conv", [x, w], border)], {}))).toEqual([
      true,
      false,
    ]);
  });
});

test("a gradient of kernels goes in blocks from 256 pixels on, up to 64 x 64 channels", () => {
  expect(isGradientInBlocks(64, 64, 3, 16, 16)).toBe(true);
  expect(isGradientInBlocks(64, 72, 3, 16, 16)).toBe(false);
  expect(isGradientInBlocks(128, 32, 3, 16, 16)).toBe(true);
  expect(isGradientInBlocks(64, 64, 3, 15, 17)).toBe(false);
  expect(isGradientInBlocks(64, 64, 1, 16, 16)).toBe(false);
  expect(isGradientInBlocks(12, 64, 3, 16, 16)).toBe(false);
});
