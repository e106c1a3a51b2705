/** A graph with the channels of a pixel together computes the same function of turned pictures. */
import { afterAll, describe, expect, test } from "vitest";
import { GraphBuilder, verify, type Graph, type Pads, type Value } from "../../src/graph/index.ts";
import { Generator } from "../../src/random/index.ts";
import type { ChooseTile } from "../../src/cost/index.ts";
import { channelsLast } from "../../src/rewrite/index.ts";
import { NodeRuntime } from "../../src/runtime/node/node-runtime.ts";
import { Tensor } from "../../src/tensor/tensor.ts";

const runtime = new NodeRuntime({ device: "cpu" });
afterAll(() => runtime.dispose());

const generator = Generator.philox(14);
const normal = (...shape: number[]): Tensor<"float32"> => generator.randn(shape);

type Picture = readonly [number, number, number, number];

/** [1, C, H, W] → [1, H, W, C], or back with `[0, 3, 1, 2]`. */
function turned({ data, shape }: Tensor, perm: Picture): Tensor<"float32"> {
  const size = perm.map((axis) => shape[axis]!) as [number, number, number, number];
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, n) => product * n, 1));
  const result = new Float32Array(data.length);
  let next = 0;
  for (let a = 0; a < size[1]; a++) {
    for (let b = 0; b < size[2]; b++) {
      for (let c = 0; c < size[3]; c++) {
        const index = a * strides[perm[1]]! + b * strides[perm[2]]! + c * strides[perm[3]]!;
        result[next++] = (data as Float32Array)[index]!;
      }
    }
  }
  return Tensor.from(result, size);
}

async function run(graph: Graph, inputs: Record<string, Tensor>): Promise<Tensor> {
  const session = await runtime.createSession(graph);
  const { y } = await session.run(inputs);
  await session.dispose();
  return y!;
}

interface Case {
  readonly shape: Picture;
  readonly build: (builder: GraphBuilder, x: Value) => Value;
  readonly chooseTile?: ChooseTile;
  readonly absolute?: number;
}

/** @returns the rewritten graph, to be looked at. */
async function expectSameFunction(each: Case): Promise<Graph> {
  const { shape, build, chooseTile = () => undefined, absolute = 1e-5 } = each;
  const builder = new GraphBuilder("test");
  const graph = builder.build({ y: build(builder, builder.input("x", "float32", shape)) });
  const rewritten = channelsLast(graph, chooseTile);
  verify(rewritten);
  const x = normal(...shape);
  const found = await run(rewritten, { x: turned(x, [0, 2, 3, 1]) });
  expect(turned(found, [0, 3, 1, 2])).toBeAllclose(await run(graph, { x }), { absolute });
  return rewritten;
}

const operatorsOf = ({ nodes }: Graph): string[] => nodes.map(({ operator }) => operator);

interface Kernel {
  readonly outChannels: number;
  readonly side?: number;
  readonly pads?: Pads;
  readonly stride?: number;
  readonly hasBias?: boolean;
}

const conv =
  ({ outChannels, side = 3, pads = [1, 1, 1, 1], stride = 1, hasBias = true }: Kernel) =>
  (builder: GraphBuilder, x: Value): Value => {
    const weight = builder.constant("weight", normal(outChannels, x.shape[1]!, side, side));
    const bias = hasBias ? [builder.constant("bias", normal(outChannels))] : [];
    return builder.apply("Conv", [x, weight, ...bias], { strides: [stride, stride], pads });
  };

const upsampled = (builder: GraphBuilder, x: Value): Value =>
  builder.apply("Resize", [x], { scales: [2, 2] });

const rowsOf = (builder: GraphBuilder, x: Value, begin: number, end: number): Value =>
  builder.apply("Slice", [x], { axes: [2], starts: [begin], ends: [end] });

describe("Winograd's convolution", () => {
  describe.each([2, 4, 6] as const)("in tiles of %i", (tile) => {
    test.each<[string, Picture, Kernel]>([
      ["fewer channels than tiles", [1, 3, 12, 24], { outChannels: 2 }],
      ["more channels than tiles", [1, 5, 12, 12], { outChannels: 40 }],
      ["odd sizes", [1, 4, 7, 13], { outChannels: 2 }],
      ["smaller than a tile", [1, 2, 1, 1], { outChannels: 3 }],
      ["no pads above and below", [1, 4, 10, 8], { outChannels: 4, pads: [0, 1, 0, 1] }],
      ["pads at the top only", [1, 4, 5, 8], { outChannels: 4, pads: [1, 0, 0, 0] }],
      ["no bias", [1, 32, 16, 16], { outChannels: 8, hasBias: false }],
    ])("%s", async (_, shape, kernel) => {
      // Sums of 9 · Cin products of normal numbers: the rounding of each form is some 1e-6 of √(9 · Cin).
      const absolute = { 2: 2e-6, 4: 1e-5, 6: 1e-4 }[tile] * Math.sqrt(9 * shape[1]);
      const graph = await expectSameFunction({
        shape,
        build: conv(kernel),
        chooseTile: () => tile,
        absolute,
      });
      expect(graph.initializers.map(({ value }) => value.name)).toContain(`winograd_${tile}_output`);
    });
  });
});

test.each<[string, Picture, Picture, number]>([
  ["one kernel for each channel", [1, 6, 5, 7], [6, 1, 3, 3], 6],
  ["more outputs than inputs", [1, 6, 5, 7], [12, 2, 3, 3], 3],
  ["of single pixels", [1, 6, 5, 7], [4, 3, 1, 1], 2],
])("a convolution in groups: %s", async (_, shape, kernel, group) => {
  const margin = kernel[2] === 3 ? 1 : 0;
  await expectSameFunction({
    shape,
    build: (builder, x) =>
      builder.apply("Conv", [x, builder.constant("weight", normal(...kernel))], {
        strides: [1, 1],
        pads: [margin, margin, margin, margin],
        group,
      }),
    chooseTile: () => 4,
  });
});

test.each(["CRD", "DCR"] as const)("squares of pixels out of channels, %s", async (mode) => {
  await expectSameFunction({
    shape: [1, 18, 2, 4],
    build: (builder, x) => builder.apply("DepthToSpace", [x], { side: 3, mode }),
    absolute: 0,
  });
});

describe("upsampling and a 3x3 convolution become one convolution", () => {
  test.each<[string, Picture, Kernel, readonly [number, number]]>([
    ["one channel", [1, 1, 2, 3], { outChannels: 1 }, [0, 4]],
    ["one pixel", [1, 3, 1, 1], { outChannels: 2 }, [0, 2]],
    ["rows above and below", [1, 3, 5, 4], { outChannels: 2, pads: [0, 1, 0, 1] }, [1, 9]],
    ["rows at the top", [1, 3, 4, 4], { outChannels: 2, pads: [1, 1, 0, 1] }, [0, 7]],
    ["rows at the bottom, more channels", [1, 3, 4, 4], { outChannels: 30, pads: [0, 1, 1, 1] }, [1, 8]],
  ])("%s", async (_, shape, kernel, [begin, end]) => {
    const graph = await expectSameFunction({
      shape,
      build: (builder, x) => {
        const large = upsampled(builder, x);
        const isWhole = begin === 0 && end === large.shape[2];
        return conv(kernel)(builder, isWhole ? large : rowsOf(builder, large, begin, end));
      },
    });
    expect(graph.initializers.map(({ value }) => value.name)).toContain("upsampling_output");
  });

  test("but not for rows that are no pairs", async () => {
    const graph = await expectSameFunction({
      shape: [1, 3, 5, 4],
      build: (builder, x) =>
        conv({ outChannels: 2, pads: [0, 1, 0, 1] })(builder, rowsOf(builder, upsampled(builder, x), 0, 8)),
    });
    expect(graph.initializers.map(({ value }) => value.name)).not.toContain("upsampling_output");
  });
});

describe("other operators", () => {
  test("sums over the channels of a pixel are one for each pixel", async () => {
    const graph = await expectSameFunction({
      shape: [1, 3, 5, 4],
      build: (builder, x) => builder.apply("ReduceSum", [x], { axes: [1], keepdims: true }),
    });
    expect(graph.outputs[0]!.shape).toEqual([1, 5, 4, 1]);
  });

  test.each<[string, [number, number]]>([
    ["squares", [2, 2]],
    ["rectangles", [2, 3]],
  ])("a transposed convolution whose kernels lie beside each other is a product: %s", async (_, sides) => {
    const graph = await expectSameFunction({
      shape: [1, 3, 5, 4],
      build: (builder, x) =>
        builder.apply("ConvTranspose", [x, builder.constant("weight", normal(3, 2, ...sides))], {
          strides: sides,
          pads: [0, 0, 0, 0],
          outputPadding: [0, 0],
        }),
    });
    expect(operatorsOf(graph)).not.toContain("ConvTranspose");
  });

  test("a 1x1 convolution is a product", async () => {
    const build = conv({ outChannels: 7, side: 1, pads: [0, 0, 0, 0] });
    const graph = await expectSameFunction({ shape: [1, 3, 5, 4], build });
    expect(operatorsOf(graph)).not.toContain("Conv");
  });

  test.each<[string, Pads]>([
    ["with zeros around", [1, 1, 1, 1]],
    ["with rows above and below", [0, 1, 0, 1]],
    ["without zeros", [0, 0, 0, 0]],
  ])("a convolution to few channels is a product and sums of taps: %s", async (_, pads) => {
    const build = conv({ outChannels: 2, pads });
    // Sums of 360 products, added up in another order.
    const graph = await expectSameFunction({ shape: [1, 40, 5, 6], build, absolute: 1e-4 });
    expect(operatorsOf(graph)).not.toContain("Conv");
  });

  test("a convolution of stride 2", async () => {
    const build = conv({ outChannels: 4, pads: [0, 0, 1, 1], stride: 2 });
    await expectSameFunction({ shape: [1, 3, 8, 6], build });
  });

  test("upsampling by other factors", async () => {
    await expectSameFunction({
      shape: [1, 3, 4, 5],
      build: (builder, x) => builder.apply("Resize", [x], { scales: [3, 2] }),
    });
  });

  test("SiLU, parts of a picture, and channels side by side", async () => {
    await expectSameFunction({
      shape: [1, 3, 6, 5],
      build: (builder, x) => {
        const gated = builder.apply("Mul", [x, builder.apply("Sigmoid", [x], {})], {});
        const part = builder.apply("Slice", [gated], { axes: [2, 3], starts: [1, 2], ends: [5, 5] });
        const other = builder.apply("Slice", [x], { axes: [2, 3], starts: [0, 0], ends: [4, 3] });
        return builder.apply("Concat", [part, other], { axis: 1 });
      },
    });
  });

  test("mean and sum over all pixels, also of a number of pixels that is prime", async () => {
    for (const [height, width] of [
      [8, 64],
      [1, 13],
    ] as const) {
      await expectSameFunction({
        shape: [1, 3, height, width],
        build: (builder, x) => {
          const axes = { axes: [2, 3], keepdims: true };
          const centered = builder.apply("Sub", [x, builder.apply("ReduceMean", [x], axes)], {});
          return builder.apply("ReduceSum", [builder.apply("Mul", [centered, centered], {})], axes);
        },
        absolute: 1e-3,
      });
    }
  });

  test("a number for each channel", async () => {
    const builder = new GraphBuilder("scaled");
    const x = builder.input("x", "float32", [1, 4, 3, 5]);
    const graph = builder.build({
      y: builder.apply("Mul", [x, builder.input("scale", "float32", [4, 1, 1])], {}),
    });
    const scaled = channelsLast(graph, () => undefined);
    expect(scaled.inputs.map(({ shape }) => shape)).toEqual([[1, 3, 5, 4], [4]]);
    const [data, scale] = [normal(1, 4, 3, 5), normal(4)];
    const expected = await run(graph, { x: data, scale: Tensor.from(scale.data, [4, 1, 1]) });
    const found = await run(scaled, { x: turned(data, [0, 2, 3, 1]), scale });
    expect(turned(found, [0, 3, 1, 2])).toBeAllclose(expected, { absolute: 0 });
  });

  test("an operator without such a form is refused", () => {
    const builder = new GraphBuilder("pool");
    const x = builder.input("x", "float32", [1, 4, 4, 4]);
    const pool = builder.apply("MaxPool", [x], { kernelShape: [2, 2], strides: [2, 2] });
    expect(() => channelsLast(builder.build({ y: pool }), () => undefined)).toThrow(
      "channels last: MaxPool (y) has no form.",
    );
  });
});
