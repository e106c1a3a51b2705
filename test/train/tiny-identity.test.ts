/** The start of an AutoencoderTiny that passes latents on. */
import { afterAll, expect, test } from "vitest";
import {
  autoencoderTiny,
  completeTinyConfig,
  decodeTiny,
  initializeTinyAsIdentity,
  type AutoencoderTinyConfig,
} from "../../src/models/index.ts";
import { Generator, NodeRuntime, Tensor } from "../../src/node/index.ts";
import { runGraph, contextOf } from "./run-graph.ts";

const runtime = new NodeRuntime({ device: "cpu", threadCount: 1 });
afterAll(() => runtime.dispose());

type Weights = Map<string, Tensor<"float32">>;

/** Two latent channels; eight spare channels are enough for the first. */
const config = completeTinyConfig({
  latentChannels: 2,
  encoderBlockOutChannels: [4, 4],
  numEncoderBlocks: [0, 1],
  decoderBlockOutChannels: [11, 11],
  numDecoderBlocks: [2, 1],
  outChannels: 11,
});
const drawn = autoencoderTiny.initialize(config, Generator.torch(0));
const start = initializeTinyAsIdentity(config, drawn);

async function decode(weights: Weights, z: Tensor<"float32">): Promise<Tensor<"float32">> {
  const inputs = { ...Object.fromEntries(weights), z };
  const { sample } = await runGraph(runtime, inputs, (builder, values) => ({
    sample: decodeTiny(contextOf(builder, values), values["z"]!, config),
  }));
  return sample!.toFloat32();
}

/** Latents of one row: the first channel goes from -8 to 8, the second the other way. */
const width = 65;
const ramp = Float32Array.from({ length: width }, (_, i) => i / 4 - 8);
const latents = Tensor.from(Float32Array.from([...ramp, ...ramp.toReversed()]), [1, 2, 1, width]);

test("is grey", async () => {
  const { data } = await decode(start, latents);
  expect(new Set(data)).toEqual(new Set([0]));
});

test("hands the last convolution every latent after the limit, and what undoes it for the first channel", async () => {
  const shown = new Map(start);
  const last = [...start.keys()].at(-1)!.replace(/\.bias$/, "");
  const weight = new Float32Array(11 * 11 * 9);
  for (let channel = 0; channel < 11; channel++) weight[9 * 12 * channel + 4] = 1;
  shown.set(`${last}.weight`, Tensor.from(weight, [11, 11, 3, 3]));
  shown.set(`${last}.bias`, Tensor.zeros([11]));
  const { data } = await decode(shown, latents);
  // Each latent is two pixels wide and high; the decoder's result is twice what its last convolution gives, less 1.
  const at = (channel: number, i: number): number => (data[(channel * 2 + 0) * 2 * width + 2 * i]! + 1) / 2;
  for (let i = 0; i < width; i++) {
    expect(at(0, i)).toBeCloseTo(Math.tanh(ramp[i]! / 3) + 1, 5);
    expect(at(1, i)).toBeCloseTo(Math.tanh(-ramp[i]! / 3) + 1, 5);
    if (Math.abs(ramp[i]!) > 6.5) continue;
    const undone = [2, 3, 4, 5].reduce((sum, channel) => sum + at(channel, i) - at(channel + 4, i), 0);
    const slope = 1.5 / (3 * Math.tanh(0.5));
    // Straight pieces stay within 0.2 of the curve.
    expect(Math.abs(3 * (slope * (at(0, i) - 1) + undone) - ramp[i]!)).toBeLessThan(0.2);
  }
});

test("leaves the encoder, and channels that nothing needs, as they were drawn", () => {
  for (const [name, tensor] of drawn) if (name.startsWith("encoder.")) expect(start.get(name)).toBe(tensor);
  const [before, after] = [drawn, start].map((each) => each.get("decoder.layers.0.weight")!.data);
  expect(after!.slice(10 * 18)).toEqual(before!.slice(10 * 18));
  expect([...start.keys()]).toEqual([...drawn.keys()]);
});

test.each<[string, Partial<AutoencoderTinyConfig>, string]>([
  ["fewer channels than latents", { latentChannels: 12 }, "found 11 decoder_block_out_channels"],
  ["no ReLUs", { actFn: "silu" }, "found act_fn silu"],
])("is refused for %s", (_, changes, message) => {
  const other = completeTinyConfig({ ...config, ...changes });
  expect(() => initializeTinyAsIdentity(other, drawn)).toThrow(message);
});
