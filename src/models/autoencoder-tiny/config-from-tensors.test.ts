import { describe, expect, test } from "vitest";
import type { Shape } from "../../tensor/shape.ts";
import type { GivenSources, TensorShapes } from "../model.ts";
import { tinyConfigFromTensors, areTinyTensors, withPoolOf } from "./config-from-tensors.ts";
import { completeTinyConfig, type AutoencoderTinyConfig } from "./config.ts";
import { tinyParameterShapes } from "./graph.ts";

const uneven = completeTinyConfig({
  inChannels: 1,
  outChannels: 2,
  encoderBlockOutChannels: [8, 8, 8],
  numEncoderBlocks: [2, 0, 1],
  decoderBlockOutChannels: [6, 6, 6],
  numDecoderBlocks: [1, 0, 3],
  latentChannels: 5,
});
const taef2 = completeTinyConfig({ latentChannels: 32, latentPool: true });

const shapes = (config: AutoencoderTinyConfig, half?: "encoder" | "decoder"): Map<string, { shape: Shape }> =>
  new Map([...tinyParameterShapes(config, half)].map(([name, shape]) => [name, { shape }]));

const infer = (tensors: TensorShapes, given: GivenSources = {}): AutoencoderTinyConfig =>
  tinyConfigFromTensors(tensors, given, "f").config;

const keys = (json: object): GivenSources => ({ config: { json, subject: "config", isFile: false } });

test.each([
  ["TAESD's", completeTinyConfig({})],
  ["uneven halves'", uneven],
  ["TAEF2's", taef2],
])("%s shapes say the config", (_, config) => {
  expect(areTinyTensors(shapes(config))).toBe(true);
  expect(infer(shapes(config))).toEqual(config);
});

test.each(["encoder", "decoder"] as const)("of the %s alone, the other half mirrors it", (half) => {
  expect(areTinyTensors(shapes(taef2, half))).toBe(true);
  expect(infer(shapes(taef2, half))).toEqual(taef2);
  const mirrored = infer(shapes(uneven, half));
  expect(mirrored.numDecoderBlocks).toEqual(mirrored.numEncoderBlocks.toReversed());
  expect(mirrored.inChannels).toBe(mirrored.outChannels);
});

describe("what a caller says", () => {
  test("counts where shapes say nothing", () => {
    const { actFn, latentMagnitude } = infer(shapes(uneven), keys({ act_fn: "silu", latentMagnitude: 2 }));
    expect([actFn, latentMagnitude]).toEqual(["silu", 2]);
    // Of the half that is not there.
    expect(infer(shapes(uneven, "decoder"), keys({ in_channels: 4 })).inChannels).toBe(4);
  });

  test("may not contradict them, and no family changes anything", () => {
    expect(() => infer(shapes(uneven), keys({ latent_channels: 4 }))).toThrow(
      "f: the config contradicts the shapes of the file's tensors: latent_channels: expected 5, found 4.",
    );
    expect(() => infer(shapes(uneven), { as: "sd1" })).toThrow(
      'f: expected no family for an AutoencoderTiny, found `as: "sd1"`',
    );
  });
});

describe("a relative of another architecture is refused", () => {
  const refusal = (name: string): Error =>
    expect.objectContaining({
      code: "UNSUPPORTED",
      message: expect.stringContaining(`another architecture: of ${name} expected`) as string,
    }) as Error;

  test("with widths that differ, as TAESANA's", () => {
    const tensors = shapes(uneven).set("encoder.layers.3.weight", { shape: [16, 8, 3, 3] });
    expect(() => infer(tensors)).toThrow(refusal("encoder.layers.3.weight"));
  });

  test("with blocks that see other frames, as TAEHV's", () => {
    const tensors = shapes(uneven).set("decoder.layers.2.conv.0.weight", { shape: [6, 12, 3, 3] });
    expect(() => infer(tensors)).toThrow(refusal("decoder.layers.2.conv.0.weight"));
  });

  test("with a pool elsewhere, or of another width", () => {
    const elsewhere = shapes(taef2).set("encoder.layers.1.pool.0.weight", { shape: [256, 64, 1, 1] });
    expect(() => infer(elsewhere)).toThrow(refusal("encoder.layers.1.pool.0.weight"));
    const wide = shapes(taef2).set("decoder.layers.2.pool.0.weight", { shape: [512, 64, 1, 1] });
    expect(() => infer(wide)).toThrow(refusal("decoder.layers.2.pool.0.weight"));
  });
});

test("a folder whose config.json says nothing of TAEF2's pool has it by its tensors", () => {
  const silent = completeTinyConfig({ latentChannels: 32 });
  expect(withPoolOf(silent, shapes(taef2), "f")).toEqual(taef2);
  expect(withPoolOf(silent, shapes(silent), "f")).toBe(silent);
  const unknown = shapes(silent).set("encoder.layers.1.pool.0.weight", { shape: [256, 64, 1, 1] });
  expect(() => withPoolOf(silent, unknown, "f")).toThrow("another architecture");
});
