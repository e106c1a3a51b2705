import { describe, expect, test } from "vitest";
import { binaryOperators, nodeOf, unaryOperators } from "../../test/graph/operators.ts";
import { GraphBuilder, type Graph, type Node, type NodeOf } from "../graph/index.ts";
import type { Shape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { estimateConvolution, planConvolution, planShape } from "./choose.ts";
import {
  isFar,
  secondsOf,
  shapeOfConvolution,
  toSeconds,
  workOf,
  type AlgorithmCost,
  type ConvolutionShape,
  type CostProfile,
} from "./cost-profile.ts";
import { defaultProfile, isMeasuredProvider } from "./cost-table.ts";
import { estimateNode, secondsOfGraph } from "./estimate.ts";
import { hasFewOutputs, isProduct, isWinogradable } from "./forms.ts";
import { isWinogradFaster, isWinogradGradientFaster } from "./training.ts";

const shape: ConvolutionShape = { batch: 2, inChannels: 3, outChannels: 5, height: 7, width: 9, taps: 9 };
/** 32 MB of float32. */
const nearElements = 8e6;

describe("the work of a convolution", () => {
  test("is that of every output, gathered", () => {
    const places = 2 * 7 * 9;
    expect(workOf(shape, "direct")).toEqual({
      flop: 2 * 9 * 3 * 5 * places,
      input: 9 * 3 * places,
      output: 5 * places,
      weight: 9 * 3 * 5,
      far: 0,
    });
  });

  test("in tiles is that of whole tiles, transformed", () => {
    // 7x9 outputs are covered by 2x3 tiles of 4x4.
    const places = 2 * 2 * 3;
    expect(workOf(shape, 4)).toEqual({
      flop: 2 * 36 * 3 * 5 * places,
      input: 36 * 3 * places,
      output: 36 * 5 * places,
      weight: 36 * 3 * 5,
      far: 0,
    });
  });

  test("of a kernel of one element gathers nothing", () => {
    expect(workOf({ ...shape, taps: 1 }, "direct").input).toBe(0);
  });

  test("is far from 32 MB on: of the maps themselves, or of all that the transforms make", () => {
    expect([isFar(nearElements), isFar(nearElements + 1)]).toEqual([false, true]);
    const large = (width: number): ConvolutionShape => ({ ...shape, batch: 1, height: 1000, width });
    // (3 + 5) channels of 1000 rows.
    expect(workOf(large(1000), "direct").far).toBe(0);
    const { far, input, output } = workOf(large(1001), "direct");
    expect(far).toBe(input + output);
    // 36 · (3 + 5) numbers for each tile.
    const tiles = Math.floor(nearElements / (36 * 8));
    const inTiles = (count: number) => workOf({ ...shape, batch: 1, height: 4, width: 4 * count }, 4);
    expect(inTiles(tiles).far).toBe(0);
    expect(inTiles(tiles + 1).far).toBe(36 * 8 * (tiles + 1));
  });

  test("has a price for each part, in picoseconds", () => {
    const cost: AlgorithmCost = { flop: 1, input: 10, output: 100, weight: 1000, far: 10_000 };
    expect(secondsOf({ flop: 1, input: 2, output: 3, weight: 4, far: 5 }, cost)).toBeCloseTo(54_321e-12, 20);
    expect(toSeconds(3)).toBe(3e-12);
  });
});

const conv = (x: Shape, weight: Shape, strides: readonly [number, number] = [1, 1], pad = 0) =>
  nodeOf("Conv", [x, weight], { strides, pads: [pad, pad, pad, pad] }) as Extract<Node, { operator: "Conv" }>;

describe("the shape of a convolution", () => {
  test("is that of its output and of its kernel", () => {
    expect(shapeOfConvolution(conv([2, 3, 9, 11], [5, 3, 3, 2], [2, 1]))).toEqual({
      batch: 2,
      inChannels: 3,
      outChannels: 5,
      height: 4,
      width: 10,
      taps: 6,
    });
  });

  test("counts the pictures of a stack as examples", () => {
    expect(shapeOfConvolution(conv([2, 3, 4, 9, 9], [5, 3, 1, 3, 3]))).toMatchObject({
      batch: 8,
      height: 7,
      width: 7,
      taps: 9,
    });
  });

  test("counts groups as examples", () => {
    const shapes = [
      [2, 12, 9, 9],
      [6, 4, 3, 3],
    ];
    const node = nodeOf("Conv", shapes, { strides: [1, 1], pads: [0, 0, 0, 0], group: 3 });
    expect(shapeOfConvolution(node)).toMatchObject({ batch: 6, inChannels: 4, outChannels: 2 });
  });

  test("of a transposed one is that of the convolution with as many products", () => {
    const attributes = { strides: [2, 2], pads: [0, 0, 0, 0], outputPadding: [0, 0] } as const;
    const node = nodeOf(
      "ConvTranspose",
      [
        [1, 3, 4, 6],
        [3, 5, 2, 2],
      ],
      attributes,
    );
    expect(shapeOfConvolution(node)).toEqual({
      batch: 1,
      inChannels: 3,
      outChannels: 5,
      height: 4,
      width: 6,
      taps: 4,
    });
  });

  test("is asked of convolutions only", () => {
    expect(() => shapeOfConvolution(nodeOf("Neg", [[1]], {}))).toThrow(
      "internal: cost: Neg is not a convolution",
    );
  });
});

describe("forms of a convolution", () => {
  test("in tiles are for 3x3 kernels of stride 1", () => {
    expect(isWinogradable(conv([1, 2, 8, 8], [2, 2, 3, 3]))).toBe(true);
    for (const other of [
      conv([1, 2, 8, 8], [2, 2, 3, 1]),
      conv([1, 2, 8, 8], [2, 2, 1, 3]),
      conv([1, 2, 8, 8], [2, 2, 3, 3], [2, 1]),
      conv([1, 2, 8, 8], [2, 2, 3, 3], [1, 2]),
      nodeOf("Neg", [[1]], {}),
    ])
      expect(isWinogradable(other)).toBe(false);
  });

  test("are none for a convolution in groups", () => {
    const grouped = (weight: Shape): Node =>
      nodeOf("Conv", [[1, 108, 8, 8], weight], { strides: [1, 1], pads: [0, 0, 0, 0], group: 2 });
    const [wide, pointwise] = [
      [2, 54, 3, 3],
      [2, 54, 1, 1],
    ].map(grouped) as [Node, Node];
    expect([isWinogradable(wide), hasFewOutputs(wide as NodeOf<"Conv">)]).toEqual([false, false]);
    expect(isProduct(pointwise as NodeOf<"Conv">)).toBe(false);
  });

  test("as a product are for kernels of one element, stride 1 and no zeros", () => {
    expect(isProduct(conv([1, 2, 8, 8], [2, 2, 1, 1]))).toBe(true);
    expect(isProduct(conv([1, 2, 8, 8], [2, 2, 1, 1], [2, 2]))).toBe(false);
    expect(isProduct(conv([1, 2, 8, 8], [2, 2, 1, 1], [1, 1], 1))).toBe(false);
    expect(isProduct(conv([1, 2, 8, 8], [2, 2, 1, 2]))).toBe(false);
  });

  test("as a product before taps are for outputs with at most half as many taps as there are input channels", () => {
    expect(hasFewOutputs(conv([1, 54, 8, 8], [3, 54, 3, 3]))).toBe(true);
    expect(hasFewOutputs(conv([1, 53, 8, 8], [3, 53, 3, 3]))).toBe(false);
    expect(hasFewOutputs(conv([1, 54, 8, 8], [3, 54, 3, 3], [2, 2]))).toBe(false);
  });
});

/** Tiles of 4 are worth it from `gain` times the direct way on, at a price of 1 for what either multiplies. */
const profile: CostProfile = {
  provider: "cpu",
  threadCount: 1,
  run: 0,
  element: 1,
  farElement: 10,
  direct: { flop: 1000, input: 0, output: 0, weight: 0, far: 0 },
  tiles: {
    2: { flop: 0, input: 0, output: 100, weight: 0, far: 0 },
    4: { flop: 0, input: 0, output: 80, weight: 0, far: 0 },
    6: { flop: 0, input: 0, output: 1, weight: 0, far: 0 },
  },
};

describe("the algorithm of a convolution", () => {
  const square: ConvolutionShape = {
    batch: 1,
    inChannels: 1,
    outChannels: 1,
    height: 12,
    width: 12,
    taps: 9,
  };
  const withPrice = (tile: 2 | 4, output: number): CostProfile => ({
    ...profile,
    tiles: { [tile]: { flop: 0, input: 0, output, weight: 0, far: 0 } },
  });
  const direct = 1000 * 2 * 9 * 144;

  test("is the fastest of those that are allowed and have a price", () => {
    // 36 tiles of 2 with 16 products, 9 tiles of 4 with 36.
    expect(planShape(square, profile)).toEqual({
      algorithm: 4,
      seconds: expect.closeTo(80 * 9 * 36 * 1e-12, 18) as number,
      directSeconds: expect.closeTo(direct * 1e-12, 12) as number,
    });
    expect(planShape(square, profile, { tiles: [2] }).algorithm).toBe(2);
    expect(planShape(square, profile, { tiles: [2, 4, 6] }).algorithm).toBe(6);
    expect(planShape(square, profile, { tiles: [] }).algorithm).toBe("direct");
    expect(planShape(square, { ...profile, tiles: {} }).algorithm).toBe("direct");
    expect(estimateConvolution(square, 6, withPrice(4, 1))).toBeUndefined();
  });

  test("is the direct one unless another is clearly faster", () => {
    const price = direct / (9 * 36);
    expect(planShape(square, withPrice(4, price / 1.081)).algorithm).toBe(4);
    expect(planShape(square, withPrice(4, price / 1.079)).algorithm).toBe("direct");
  });

  test("of a kernel that has no other is the direct one", () => {
    expect(planConvolution(conv([1, 8, 16, 16], [8, 8, 3, 3]), profile).algorithm).toBe(4);
    expect(planConvolution(conv([1, 8, 16, 16], [8, 8, 3, 3], [2, 2]), profile).algorithm).toBe("direct");
    expect(planConvolution(conv([1, 8, 16, 16], [8, 8, 1, 1]), profile).algorithm).toBe("direct");
  });
});

describe("the estimate of a node", () => {
  const seconds = (node: Node): number => estimateNode(node, profile).seconds * 1e12;

  test.each(unaryOperators.filter((operator) => operator !== "Identity"))(
    "%s costs its elements",
    (operator) => {
      expect(seconds(nodeOf(operator, [[3, 5]], {}))).toBeCloseTo(15, 9);
    },
  );

  test.each(binaryOperators)("%s costs those of its result", (operator) => {
    expect(seconds(nodeOf(operator, [[3, 5], [5]], {}))).toBeCloseTo(15, 9);
    expect(seconds(nodeOf(operator, [[3, 1], [5]], {}))).toBeCloseTo(15, 9);
  });

  test.each(["ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceSum"] as const)(
    "%s costs what it reads",
    (operator) => {
      expect(seconds(nodeOf(operator, [[3, 5]], { axes: [1], keepdims: true }))).toBeCloseTo(15, 9);
    },
  );

  test("the others cost what they move, or nothing", () => {
    const window = { kernelShape: [2, 2], strides: [2, 2] } as const;
    const all: [Node, number][] = [
      [nodeOf("Identity", [[15]], {}), 0],
      [nodeOf("Reshape", [[15]], { shape: [3, 5] }), 0],
      [nodeOf("Slice", [[15]], { axes: [0], starts: [1], ends: [5] }), 4],
      [nodeOf("Concat", [[3], [4]], { axis: 0 }), 7],
      [nodeOf("Transpose", [[3, 5]], { perm: [1, 0] }), 15],
      [nodeOf("ArgMin", [[3, 5]], { axis: 1 }), 15],
      [nodeOf("AveragePool", [[1, 1, 4, 4]], window), 16],
      [nodeOf("MaxPool", [[1, 1, 4, 4]], window), 16],
      [nodeOf("Resize", [[1, 1, 4, 4]], { scales: [2, 2] }), 64],
      [nodeOf("Expand", [[1]], { shape: [9] }), 9],
      [nodeOf("Pad", [[4]], { begins: [1], ends: [1] }), 6],
      [nodeOf("Softmax", [[3, 5]], { axis: 1 }), 15],
      [nodeOf("Cast", [[15]], { to: "float64" }), 15],
      [nodeOf("Clip", [[15]], { min: 0 }), 15],
      [nodeOf("LeakyRelu", [[15]], { alpha: 1 }), 15],
      [nodeOf("InstanceNormalization", [[1, 3, 5], [3], [3]], { epsilon: 1 }), 15],
    ];
    for (const [node, expected] of all) expect(seconds(node), node.operator).toBeCloseTo(expected, 9);
  });

  test("is at the price of distance where input and output together leave the cache", () => {
    const half = nearElements / 2;
    expect(seconds(nodeOf("Neg", [[half]], {}))).toBeCloseTo(half, 3);
    expect(seconds(nodeOf("Neg", [[half + 1]], {}))).toBeCloseTo(10 * (half + 1), 3);
  });

  test("of a product is that of its multiplications and additions", () => {
    expect(
      seconds(
        nodeOf(
          "MatMul",
          [
            [3, 5],
            [5, 7],
          ],
          {},
        ),
      ),
    ).toBeCloseTo(1000 * 2 * 3 * 5 * 7, 3);
  });

  test("of a graph leaves out what is computed once, when a session is made", () => {
    const builder = new GraphBuilder("g");
    const x = builder.input("x", "float32", [3]);
    const w = builder.constant("w", Tensor.zeros([3]));
    const y = builder.apply("Add", [x, builder.apply("Neg", [w], {})], {});
    expect(secondsOfGraph(builder.build({ y }), profile) * 1e12).toBeCloseTo(3, 9);
    const weights = new GraphBuilder("weights");
    const all: Graph = weights.build({
      y: weights.apply("Neg", [weights.constant("w", Tensor.zeros([3]))], {}),
    });
    expect(secondsOfGraph(all, profile) * 1e12).toBeCloseTo(3, 9);
  });
});

describe("default prices", () => {
  test("fall with threads, by how much each part waits for memory", () => {
    const [one, sixteen] = [defaultProfile("cpu", 1), defaultProfile("cpu", 16)];
    const ratios = (a: AlgorithmCost, b: AlgorithmCost) =>
      Object.fromEntries(
        Object.entries(a).flatMap(([part, price]) =>
          price === 0
            ? []
            : [[part, Math.log(Number(price) / b[part as keyof AlgorithmCost]) / Math.log(16)]],
        ),
      );
    const expected = { flop: 1, input: 0.8, output: 0.4, weight: 0.4, far: 0.5 };
    const close = Object.fromEntries(
      Object.entries(expected).map(([part, value]) => [part, expect.closeTo(value, 9) as number]),
    );
    expect(ratios(one.direct, sixteen.direct)).toEqual(close);
    expect(ratios(one.tiles[4]!, sixteen.tiles[4]!)).toEqual(close);
    expect(one.element / sixteen.element).toBeCloseTo(16 ** 0.1, 9);
    expect(one.farElement / sixteen.farElement).toBeCloseTo(16 ** 0.5, 9);
    expect(one.run).toBe(sixteen.run);
    expect([one.threadCount, sixteen.threadCount]).toEqual([1, 16]);
  });

  test("of graphics processors are a guess without tiles, and no threads count", () => {
    for (const provider of ["webgpu", "cuda", "dml", "coreml"] as const) {
      expect(isMeasuredProvider(provider)).toBe(false);
      expect(defaultProfile(provider, 1)).toEqual({ ...defaultProfile(provider, 8), threadCount: 1 });
      expect(defaultProfile(provider, 1)).toMatchObject({ provider, tiles: {} });
    }
    expect([isMeasuredProvider("cpu"), isMeasuredProvider("wasm")]).toEqual([true, true]);
    expect(defaultProfile("wasm", 1)).not.toEqual({ ...defaultProfile("cpu", 1), provider: "wasm" });
  });
});

describe("a training step takes Winograd's form", () => {
  const value = (channels: number, side: number, dtype: "float32" | "float64" = "float32") => ({
    name: "x",
    dtype,
    shape: [2, channels, side, side],
  });

  test("from 128 channels and 16 tiles on, where tiles divide the picture", () => {
    expect(isWinogradFaster(value(128, 16), 128)).toBe(true);
    expect(isWinogradFaster(value(127, 16), 128)).toBe(false);
    expect(isWinogradFaster(value(128, 16), 127)).toBe(false);
    expect(isWinogradFaster(value(128, 12), 128)).toBe(false);
    expect(isWinogradFaster(value(128, 18), 128)).toBe(false);
    expect(isWinogradFaster({ ...value(128, 16), shape: [1, 128, 16, 18] }, 128)).toBe(false);
    expect(isWinogradFaster({ ...value(128, 16), shape: [1, 128, 18, 16] }, 128)).toBe(false);
    expect(isWinogradFaster(value(128, 16, "float64"), 128)).toBe(false);
  });

  test("for the weights' gradient from 64 channels on, of any picture", () => {
    expect(isWinogradGradientFaster(value(64, 4), 64)).toBe(true);
    expect(isWinogradGradientFaster(value(63, 4), 64)).toBe(false);
    expect(isWinogradGradientFaster(value(64, 4), 63)).toBe(false);
    expect(isWinogradGradientFaster(value(64, 6), 64)).toBe(false);
  });
});
