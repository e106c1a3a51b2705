/**
 * The WebGPU provider computes what the processor computes, operator by operator, and diffusers' numbers, model by
 * model. VAEKIT_WEBGPU=1 says that there is a device, if only a software driver (docs/webgpu.md).
 */
import { afterAll, describe, expect, test, vi } from "vitest";
import {
  GraphBuilder,
  verify,
  type Graph,
  type OperatorAttributes,
  type OperatorName,
} from "../src/graph/index.ts";
import { AutoencoderKL } from "../src/node/index.ts";
import { Generator } from "../src/random/index.ts";
import { foldedUpsampling, rewrite, winograd } from "../src/rewrite/index.ts";
import { preciseGroupNorm } from "../src/rewrite/precise-group-norm.ts";
import { NodeRuntime } from "../src/runtime/node/node-runtime.ts";
import { compileStrips, StripExecutor } from "../src/strips/index.ts";
import { Tensor } from "../src/tensor/tensor.ts";
import { readTensor } from "../src/weights/index.ts";
import { fixturePath, manifest, readGoldens } from "./conformance/fixtures.ts";
import { modelTolerance } from "./conformance/tolerance.ts";
import { largeScoresInStrips } from "./strips/attention-of-large-scores.ts";

const hasWebGpu = process.env["VAEKIT_WEBGPU"] === "1";
const webgpuTitle = hasWebGpu
  ? "webgpu"
  : "webgpu (skipped: VAEKIT_WEBGPU is not 1; docs/webgpu.md tells how to have a device)";

const cpu = new NodeRuntime({ device: "cpu" });
// One for all tests: the WebGPU provider does not survive two sessions that run at the same time.
const webgpu = new NodeRuntime({ device: "webgpu" });
afterAll(() => Promise.all([cpu.dispose(), webgpu.dispose()]));

// A software driver compiles shaders for seconds, and waits where others keep the processor busy.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 60_000 });

async function run(runtime: NodeRuntime, graph: Graph, ...inputs: Tensor[]): Promise<Tensor> {
  verify(graph);
  const session = await runtime.createSession(graph);
  const named = graph.inputs.map(({ name }, index) => [name, inputs[index]!] as const);
  const outputs = await session.run(Object.fromEntries(named));
  await session.dispose();
  return outputs[graph.outputs[0]!.name]!;
}

const generator = Generator.philox(12);
const normal = (...shape: number[]): Tensor<"float32"> => generator.randn(shape);
const change = (x: Tensor<"float32">, by: (value: number, index: number) => number): Tensor<"float32"> =>
  Tensor.from(x.data.map(by), x.shape);

type OperatorCases = {
  readonly [K in OperatorName]: readonly (readonly [
    inputs: readonly Tensor[],
    attributes: OperatorAttributes[K],
  ])[];
};

const x = normal(2, 16, 12, 20);
const wide = change(normal(8, 300), (value) => 20 * value);
const positive = change(x, Math.exp);
const perChannel = change(normal(16, 1, 1), Math.exp);
const around = [1, 1, 1, 1] as const;
const none = [0, 0, 0, 0] as const;

/** Sizes for which the provider has kernels of its own, sizes that are odd, and values that are large. */
const operatorCases: OperatorCases = {
  Abs: [[[x], {}]],
  Add: [
    [[x, positive], {}],
    [[x, perChannel], {}],
  ],
  ArgMin: [
    [[wide], { axis: 1 }],
    [[x], { axis: 0 }],
  ],
  AveragePool: [[[x], { kernelShape: [2, 2], strides: [2, 2] }]],
  Cast: [[[x], { to: "float32" }]],
  Clip: [
    [[wide], { min: -30, max: 20 }],
    [[wide], { min: 0 }],
  ],
  Concat: [1, 2, 3].map((axis) => [[x, x, positive], { axis }]),
  Conv: [
    [[x, normal(24, 16, 3, 3), normal(24)], { strides: [1, 1], pads: around }],
    [[normal(1, 128, 16, 16), normal(128, 128, 3, 3), normal(128)], { strides: [1, 1], pads: around }],
    [[normal(3, 5, 9, 13), normal(7, 5, 3, 3), normal(7)], { strides: [1, 1], pads: around }],
    [[normal(1, 5, 9, 13), normal(7, 5, 1, 1), normal(7)], { strides: [1, 1], pads: none }],
    [[x, normal(16, 16, 1, 1)], { strides: [1, 1], pads: none }],
    [[x, normal(16, 1, 3, 3), normal(16)], { strides: [1, 1], pads: around, group: 16 }],
    [[x, normal(32, 8, 1, 1)], { strides: [1, 1], pads: none, group: 2 }],
    [[x, normal(16, 16, 3, 3), normal(16)], { strides: [2, 2], pads: [0, 0, 1, 1] }],
    [[x, normal(8, 16, 4, 4), normal(8)], { strides: [2, 2], pads: around }],
    [[x, normal(8, 16, 2, 2), normal(8)], { strides: [1, 1], pads: [1, 0, 0, 1] }],
    [[normal(64, 1, 16, 20), normal(36, 1, 6, 6)], { strides: [4, 4], pads: around }],
    [[normal(1, 16, 2, 2), normal(8, 16, 2, 2), normal(8)], { strides: [1, 1], pads: [0, 0, 1, 1] }],
    [[normal(1, 5, 3, 4), normal(8, 5, 1, 1)], { strides: [1, 1], pads: [0, 0, 1, 0] }],
    [[normal(1, 6, 5, 7), normal(12, 6, 3, 3), normal(12)], { strides: [1, 1], pads: around }],
    [[normal(2, 15, 5, 7), normal(8, 15, 2, 2)], { strides: [2, 2], pads: none }],
    [[normal(1, 1, 64, 16, 20), normal(36, 1, 1, 6, 6)], { strides: [4, 4], pads: around }],
  ],
  ConvTranspose: [
    [[x, normal(16, 8, 3, 3)], { strides: [2, 2], pads: around, outputPadding: [1, 1] }],
    [[x, normal(16, 8, 3, 3)], { strides: [1, 1], pads: around, outputPadding: [0, 0] }],
  ],
  DepthToSpace: [
    [[x], { side: 2, mode: "CRD" }],
    [[x], { side: 4, mode: "DCR" }],
  ],
  Div: [
    [[x, positive], {}],
    [[x, perChannel], {}],
  ],
  Erf: [[[x], {}]],
  Exp: [[[x], {}]],
  Expand: [[[normal(1, 8, 1, 10)], { shape: [2, 8, 6, 10] }]],
  Identity: [[[x], {}]],
  InstanceNormalization: [[[normal(2, 8, 777), normal(8), normal(8)], { epsilon: 1e-6 }]],
  LeakyRelu: [[[wide], { alpha: 0.2 }]],
  Log: [[[positive], {}]],
  MatMul: [
    [[normal(1, 96, 128), normal(1, 128, 160)], {}],
    [[normal(2, 13, 37), normal(2, 37, 11)], {}],
    [[normal(36, 24, 20), normal(36, 20, 33)], {}],
    [[normal(36, 32, 32), normal(36, 32, 64)], {}],
    [[normal(300, 9), normal(9, 4)], {}],
  ],
  MaxPool: [[[x], { kernelShape: [2, 2], strides: [2, 2] }]],
  Mul: [
    [[x, positive], {}],
    [[x, perChannel], {}],
  ],
  Neg: [[[x], {}]],
  OneHot: [[[Tensor.from(BigInt64Array.of(0n, 4n, 2n), [3], "int64")], { depth: 5 }]],
  Pad: [
    [[x], { begins: [0, 0, 1, 2], ends: [0, 0, 3, 0] }],
    [[x], { begins: [0, 0, -1, 2], ends: [0, 0, 3, -2] }],
  ],
  // Not with large values: the provider adds up exponentials as they are, and they overflow.
  ReduceLogSumExp: [[[x], { axes: [1], keepdims: false }]],
  ReduceMax: [
    [[wide], { axes: [1], keepdims: true }],
    [[x], { axes: [2, 3], keepdims: false }],
  ],
  ReduceMean: [[[change(normal(4, 70_000), (value) => value + 1000)], { axes: [1], keepdims: true }]],
  ReduceSum: [
    [[positive], { axes: [0, 2, 3], keepdims: false }],
    [[positive], { axes: [1], keepdims: true }],
  ],
  Relu: [[[x], {}]],
  Reshape: [[[x], { shape: [2, 4, 960] }]],
  Resize: [[[normal(1, 5, 7, 9)], { scales: [2, 2] }]],
  Sigmoid: [[[wide], {}]],
  Sign: [[[x], {}]],
  Slice: [
    [[x], { axes: [2], starts: [3], ends: [9] }],
    [[x], { axes: [2, 3], starts: [1, 0], ends: [12, 20], steps: [2, 2] }],
  ],
  Softmax: [
    [[wide], { axis: 1 }],
    [[change(wide, (value) => value - 1000)], { axis: 1 }],
  ],
  Softplus: [[[wide], {}]],
  Sqrt: [[[positive], {}]],
  Sub: [
    [[x, positive], {}],
    [[x, perChannel], {}],
  ],
  Tanh: [[[wide], {}]],
  Transpose: [
    [0, 2, 1, 3],
    [1, 0, 2, 3],
    [0, 2, 3, 1],
    [3, 2, 1, 0],
  ].map((perm) => [[x], { perm }]),
};

function graphOf<K extends OperatorName>(
  operator: K,
  inputs: readonly Tensor[],
  attributes: OperatorAttributes[K],
): Graph {
  const builder = new GraphBuilder(operator);
  const values = inputs.map(({ dtype, shape }, index) => builder.input(`x${index}`, dtype, shape));
  const y = builder.apply(operator, values, attributes);
  return builder.build({ y: y.dtype === "int64" ? builder.apply("Cast", [y], { to: "float32" }) : y });
}

/** InstanceNormalization of rows [1, rows, elements], scale 1 and bias 0, in double precision. */
function normalized({ data, shape }: Tensor<"float32">, epsilon: number): Tensor<"float64"> {
  const [, rows, elements] = shape as [number, number, number];
  const result = new Float64Array(data.length);
  for (let row = 0; row < rows; row++) {
    const values = Float64Array.from(data.subarray(row * elements, (row + 1) * elements));
    const mean = values.reduce((sum, value) => sum + value, 0) / elements;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / elements;
    result.set(
      values.map((value) => (value - mean) / Math.sqrt(variance + epsilon)),
      row * elements,
    );
  }
  return Tensor.from(result, shape);
}

const ones = Tensor.from(new Float32Array(4).fill(1), [4]);
const rowsOf = (elements: number, value: (index: number) => number): Tensor<"float32"> =>
  Tensor.from(
    Float32Array.from({ length: 4 * elements }, (_, index) => value(index)),
    [1, 4, elements],
  );
const noise = normal(4 * 65_536).data;

describe.each([
  ["cpu", cpu, true],
  [webgpuTitle, webgpu, hasWebGpu],
] as const)("a normalisation is precise on %s", (_device, runtime, isThere) => {
  test.skipIf(!isThere).each([
    ["with mean 0", rowsOf(777, (i) => noise[i]!)],
    ["with mean 100", rowsOf(4096, (i) => 100 + noise[i]!)],
    ["with mean 1000, of many elements", rowsOf(65_536, (i) => 1000 + noise[i]!)],
    ["with a deviation of 1/1000", rowsOf(777, (i) => 0.1 + noise[i]! / 1000)],
    ["of a picture of nearly one colour", rowsOf(777, (i) => 4.134 + (i % 7 === 0 ? 0.001 : 0))],
    ["of one colour", rowsOf(777, () => 1000.1)],
  ])("%s", async (_, rows) => {
    const graph = rewrite(
      graphOf("InstanceNormalization", [rows, ones, ones], { epsilon: 1e-6 }),
      preciseGroupNorm,
    );
    const result = await run(runtime, graph, rows, ones, Tensor.zeros([4]));
    // Up to 5 in size; 2e-7 of that is rounding, and the processor adds up 65536 numbers in float32.
    expect(result).toBeAllclose(normalized(rows, 1e-6), { absolute: 1e-5 });
  });
});

describe.skipIf(!hasWebGpu)(webgpuTitle, () => {
  const operators = Object.keys(operatorCases) as OperatorName[];
  const flat = operators.flatMap((operator) =>
    operatorCases[operator].map(([inputs, attributes], index) => ({
      title: `${operator} (case ${index + 1})`,
      operator,
      inputs,
      attributes,
    })),
  );
  test.each(flat)("$title is that of the processor", async ({ operator, inputs, attributes }) => {
    const graph = graphOf(operator, inputs, attributes);
    const expected = await run(cpu, graph, ...inputs);
    const largest = expected.toFloat32().data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(await run(webgpu, graph, ...inputs)).toBeAllclose(expected, { absolute: 5e-6 * largest });
    expect(webgpu.device).toBe("webgpu");
  });

  /**
   * The biases before every second normalisation moved by 32, which the normalisation takes away again: the same
   * function, but with means that are large beside the deviations.
   */
  async function withLargeMeans(graph: Graph): Promise<Graph> {
    const initializers = graph.initializers.map(async (initializer) => {
      const { value, data } = initializer;
      if (!value.name.endsWith("conv1.bias") || !("stored" in data)) return initializer;
      const bias = (await readTensor(data.stored)).toFloat32();
      return { value, data: { constant: change(bias, (element) => element + 32) } };
    });
    return { ...graph, initializers: await Promise.all(initializers) };
  }

  describe.each(manifest.models.filter((each) => !each.tiled))("$name ($covers)", ({ folder, golden }) => {
    const goldens = readGoldens(golden);
    const halves = [
      { half: "encoder", input: "pixels", output: "parameters" },
      { half: "decoder", input: "latents", output: "sample" },
    ] as const;
    test.each(halves)("$half gives diffusers' numbers", async ({ half, input, output }) => {
      await using vae = await AutoencoderKL.fromPretrained(fixturePath(folder), { device: "cpu" });
      const [batch, , height, width] = goldens.get(input).shape as [number, number, number, number];
      const graph = await withLargeMeans(vae.graph(half, { batch, height, width }));
      const result = await run(webgpu, rewrite(graph, preciseGroupNorm), goldens.get(input));
      expect(result).toBeAllclose(goldens.get(output), modelTolerance);
    });
  });

  test("attention in strips takes scores of several hundred", async () => {
    const { result, expected } = await largeScoresInStrips(webgpu);
    // Scores of 300 are rounded to 3e-5, in sums one after another.
    expect(result).toBeAllclose(expected, { absolute: 5e-4 });
  });

  describe("a decoder of odd sizes gives diffusers' numbers", () => {
    const goldens = readGoldens("models/mish-odd-size/golden.safetensors");
    const [latents, sample] = [goldens.get("latents"), goldens.get("sample")];
    const [batch, , height, width] = latents.shape as [number, number, number, number];
    const load = () =>
      AutoencoderKL.fromPretrained(fixturePath("models/mish-odd-size"), { device: "webgpu" });

    test("as the package runs it", async () => {
      await using vae = await load();
      expect((await vae.decode(latents)).sample).toBeAllclose(sample, modelTolerance);
    });

    test.each([2, 4, 6] as const)("with Winograd's tiles of %i", async (tile) => {
      await using vae = await load();
      const folded = rewrite(vae.graph("decoder", { batch, height, width }), foldedUpsampling);
      const graph = rewrite(
        folded,
        winograd(() => tile),
      );
      expect(await run(webgpu, graph, latents)).toBeAllclose(sample, modelTolerance);
    });

    test("in strips", async () => {
      await using vae = await load();
      const graph = await withLargeMeans(vae.graph("decoder", { batch, height, width }));
      const program = compileStrips(graph, { stripElements: 1, chooseTile: () => 4 });
      const executor = new StripExecutor(webgpu, program);
      expect(await executor.run(latents.toFloat32())).toBeAllclose(sample, { absolute: 2e-4 });
      await executor.dispose();
    });
  });
});
