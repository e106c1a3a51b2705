/** The linear start, run as a whole model on pictures that it was not fitted to. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  completeConfig,
  decode,
  encode,
  initializeParameters,
  type AutoencoderKLConfig,
} from "../../src/models/index.ts";
import { Generator } from "../../src/random/index.ts";
import { NodeRuntime } from "../../src/runtime/node/node-runtime.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { initializeFromPrincipalComponents } from "../../src/models/autoencoder-kl/principal-components/index.ts";
import { contextOf, runGraph } from "./run-graph.ts";

const runtime = new NodeRuntime({ device: "cpu", threadCount: 1 });
afterAll(() => runtime.dispose());

const side = 32;

/** Smooth waves of random direction and colour, halved by an edge: [count, 3, 32, 32] in [-1, 1]. */
function drawPictures(count: number, seed: number): Tensor<"float32"> {
  const data = new Float32Array(count * 3 * side * side);
  const random = Generator.philox(seed).rand([count, 3, 6]).data;
  for (let plane = 0; plane < count * 3; plane++) {
    const [a, b, c, d, e, f] = random.subarray(plane * 6, plane * 6 + 6);
    for (let pixel = 0; pixel < side * side; pixel++) {
      const [y, x] = [Math.floor(pixel / side) / side, (pixel % side) / side];
      const wave = Math.sin(6 * (a! - 0.5) * x + 6 * (b! - 0.5) * y + 6 * c!);
      const edge = x + y > 2 * d! ? 0.3 * e! : 0;
      data[plane * side * side + pixel] = 0.6 * wave + edge - 0.1 * f!;
    }
  }
  return Tensor.from(data, [count, 3, side, side]);
}

function configOf(
  blockOutChannels: readonly number[],
  rest: Partial<AutoencoderKLConfig>,
): AutoencoderKLConfig {
  const hasAttention = rest.midBlockAddAttention === true;
  return completeConfig({
    blockOutChannels,
    downBlockTypes: blockOutChannels.map(() =>
      hasAttention ? "AttnDownEncoderBlock2D" : "DownEncoderBlock2D",
    ),
    upBlockTypes: blockOutChannels.map(() => (hasAttention ? "AttnUpDecoderBlock2D" : "UpDecoderBlock2D")),
    midBlockAddAttention: false,
    useQuantConv: false,
    usePostQuantConv: false,
    ...rest,
  });
}

/** The mean squared error of pictures that go through the posterior's mean and back. */
async function reconstructionError(
  config: AutoencoderKLConfig,
  parameters: ReadonlyMap<string, Tensor<"float32">>,
  pictures: Tensor<"float32">,
): Promise<number> {
  const inputs = { ...Object.fromEntries(parameters), sample: pictures };
  const { result } = await runGraph(runtime, inputs, (builder, values) => {
    const context = { ...contextOf(builder, values), config };
    const moments = encode(context, values.sample!);
    const mean = builder.apply("Slice", [moments], {
      axes: [1],
      starts: [0],
      ends: [config.latentChannels],
    });
    return { result: decode(context, mean) };
  });
  const values = result!.toFloat32().data;
  return pictures.data.reduce((sum, value, i) => sum + (value - values[i]!) ** 2, 0) / pictures.size;
}

const pictures = drawPictures(16, 1);
const otherPictures = drawPictures(4, 2);

const configs: [string, AutoencoderKLConfig][] = [
  ["two levels", configOf([16, 24], { normNumGroups: 4 })],
  [
    "three levels of one width, without shortcuts",
    configOf([32, 32, 32], { normNumGroups: 8, actFn: "relu" }),
  ],
  [
    "four levels, groups of two channels",
    configOf([16, 32, 64, 96], { normNumGroups: 8, latentChannels: 16 }),
  ],
  ["five levels, fewer groups than colours", configOf([16, 16, 16, 16, 24], { normNumGroups: 2 })],
  [
    "attention, quant convolutions, several layers, odd groups",
    configOf([30, 45, 60], {
      normNumGroups: 5,
      latentChannels: 6,
      layersPerBlock: 2,
      midBlockAddAttention: true,
      useQuantConv: true,
      usePostQuantConv: true,
    }),
  ],
];

describe("initializeFromPrincipalComponents", () => {
  describe.each(configs)("%s", (_, config) => {
    const drawn = initializeParameters(config, Generator.torch(0));
    let fitted: ReturnType<typeof initializeFromPrincipalComponents>;
    beforeAll(() => {
      fitted = initializeFromPrincipalComponents(config, drawn, pictures, Generator.philox(0));
    });

    test("reconstructs before any training", async () => {
      expect([...fitted].map(([name, { shape }]) => [name, shape])).toEqual(
        [...drawn].map(([name, { shape }]) => [name, shape]),
      );
      const before = await reconstructionError(config, drawn, otherPictures);
      const after = await reconstructionError(config, fitted, otherPictures);
      // 0.04 is a PSNR of 20 dB.
      expect(after).toBeLessThan(Math.min(before / 8, 0.04));
    });

    test("ends every residual branch in zeros", () => {
      const branches = [...fitted].filter(([name]) => /\.(conv2|to_out\.0)\.(weight|bias)$/.test(name));
      expect(branches.length).toBeGreaterThan(0);
      expect(branches.filter(([, { data }]) => data.some((value) => value !== 0))).toEqual([]);
    });
  });

  test("leaves the drawn parameters alone and repeats itself", () => {
    const [, config] = configs[0]!;
    const drawn = initializeParameters(config, Generator.torch(0));
    const run = (): Tensor[] => [
      ...initializeFromPrincipalComponents(config, drawn, pictures, Generator.philox(0)).values(),
    ];
    const again = run();
    expect(run().every((tensor, i) => tensor.equals(again[i]!))).toBe(true);
    const fresh = [...initializeParameters(config, Generator.torch(0)).values()];
    expect([...drawn.values()].every((tensor, i) => tensor.equals(fresh[i]!))).toBe(true);
  });

  test("copes with pictures of one colour", () => {
    const [, config] = configs[0]!;
    const flat = Tensor.from(new Float32Array(2 * 3 * 8 * 8).fill(0.5), [2, 3, 8, 8]);
    const drawn = initializeParameters(config, Generator.torch(0));
    const fitted = initializeFromPrincipalComponents(config, drawn, flat, Generator.philox(0));
    expect([...fitted.values()].every(({ data }) => data.every(Number.isFinite))).toBe(true);
  });
});
