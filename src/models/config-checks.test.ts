import { describe, expect, test } from "vitest";
import { completeConfig, defaultConfig, parseConfig, spatialFactor } from "./autoencoder-kl/config.ts";
import {
  boolean,
  describeFound,
  describeKey,
  describeRefusal,
  finiteNumber,
  listOf,
  nullable,
  oneOf,
  positiveInteger,
  positiveNumber,
  type Check,
} from "./config-checks.ts";
import { configLimits } from "./config-limits.ts";

const refused = (expected: string): object => ({ expected });

describe("a check", () => {
  test.each<[string, Check<unknown>, unknown, object]>([
    ["whole", positiveInteger(3), 1, { value: 1 }],
    ["whole", positiveInteger(3), 3, { value: 3 }],
    ["whole", positiveInteger(3), 4, refused("a whole number of at most 3")],
    ["whole", positiveInteger(3), 0, refused("a positive whole number")],
    ["whole", positiveInteger(3), 1.5, refused("a positive whole number")],
    ["whole", positiveInteger(3), "1", refused("a positive whole number")],
    ["finite", finiteNumber, -2.5, { value: -2.5 }],
    ["finite", finiteNumber, 3.4e38, { value: 3.4e38 }],
    ["finite", finiteNumber, 3.5e38, refused("a number that fits float32")],
    ["finite", finiteNumber, Infinity, refused("a finite number")],
    ["finite", finiteNumber, "1", refused("a finite number")],
    ["above 0", positiveNumber, 2 ** -126, { value: 2 ** -126 }],
    ["above 0", positiveNumber, 2 ** -127, refused("a number above 0 that fits float32")],
    ["above 0", positiveNumber, 3.5e38, refused("a number above 0 that fits float32")],
    ["above 0", positiveNumber, 0, refused("a finite number above 0")],
    ["above 0", positiveNumber, -1, refused("a finite number above 0")],
    ["above 0", positiveNumber, Infinity, refused("a finite number above 0")],
    ["true or false", boolean, false, { value: false }],
    ["true or false", boolean, 0, refused("true or false")],
    ["one of", oneOf(["a", "b"]), "b", { value: "b" }],
    ["one of", oneOf(["a", "b"]), "c", refused('"a" or "b"')],
    ["null or", nullable(boolean), null, { value: null }],
    ["null or", nullable(boolean), true, { value: true }],
    ["null or", nullable(boolean), 1, refused("true or false, or null")],
    ["a list", listOf(boolean, 2), [true, false], { value: [true, false] }],
    ["a list", listOf(boolean, 2), [], refused("a list that is not empty")],
    ["a list", listOf(boolean, 2), "ab", refused("a list that is not empty")],
    ["a list", listOf(boolean, 2), [true, true, true], refused("a list of at most 2 items")],
    [
      "a list",
      listOf(boolean, 2),
      [true, 3],
      { expected: "a list whose every item is true or false", found: "3 at place 2" },
    ],
  ])("of %s (%#)", (_, check, value, expected) => {
    expect(check(value)).toEqual(expected);
  });

  test("gives 0 for -0, and lists that cannot be changed", () => {
    const zero = finiteNumber(-0);
    expect("value" in zero && Object.is(zero.value, 0)).toBe(true);
    const list = listOf(boolean, 2)([true]);
    expect("value" in list && Object.isFrozen(list.value)).toBe(true);
  });
});

describe("what was found", () => {
  test.each<[unknown, string]>([
    [1.5, "1.5"],
    [-0, "-0"],
    [0, "0"],
    ["a", '"a"'],
    [undefined, "nothing"],
    [true, "true"],
    [null, "null"],
    [{}, "an object"],
    [() => 1, "a function"],
    [[1, "a"], '[1, "a"]'],
    [[], "[]"],
    [[1, 2, 3, 4, 5, 6, 7, 8], "[1, 2, 3, 4, 5, 6, 7, 8]"],
    [[1, 2, 3, 4, 5, 6, 7, 8, 9], "a list of 9 items"],
    [[[1]], "a list of 1 item"],
    [[{}, {}], "a list of 2 items"],
    [Array(3).fill("x".repeat(70)), "a list of 3 items"],
  ])("%j is said as %s", (value, text) => {
    expect(describeFound(value)).toBe(text);
  });

  test("is part of a refusal, and keys are shown as they are where they look like keys", () => {
    expect(describeRefusal({ expected: "a" }, 3)).toBe("expected a, found 3");
    expect(describeRefusal({ expected: "a", found: "b" }, 3)).toBe("expected a, found b");
    expect(describeKey("block_out.channels-2")).toBe("block_out.channels-2");
    expect(describeKey("x".repeat(80))).toBe("x".repeat(80));
    expect(describeKey("x".repeat(81)).length).toBeLessThan(90);
    expect(describeKey("a b")).toBe('"a b"');
  });
});

describe("an AutoencoderKL's config", () => {
  test("has diffusers' defaults for what is left out", () => {
    // diffusers 0.42, AutoencoderKL.__init__.
    expect(completeConfig({})).toEqual({
      inChannels: 3,
      outChannels: 3,
      downBlockTypes: ["DownEncoderBlock2D"],
      upBlockTypes: ["UpDecoderBlock2D"],
      blockOutChannels: [64],
      layersPerBlock: 1,
      actFn: "silu",
      latentChannels: 4,
      normNumGroups: 32,
      sampleSize: 32,
      scalingFactor: 0.18215,
      shiftFactor: null,
      latentsMean: null,
      latentsStd: null,
      forceUpcast: true,
      useQuantConv: true,
      usePostQuantConv: true,
      midBlockAddAttention: true,
    });
    expect(completeConfig({})).toEqual(defaultConfig);
    expect(Object.isFrozen(completeConfig({}))).toBe(true);
  });

  test("has two pixels more to a latent for each level more", () => {
    for (const levels of [1, 2, 4, 10]) {
      const config = completeConfig({
        blockOutChannels: Array<number>(levels).fill(32),
        downBlockTypes: Array<"DownEncoderBlock2D">(levels).fill("DownEncoderBlock2D"),
        upBlockTypes: Array<"UpDecoderBlock2D">(levels).fill("UpDecoderBlock2D"),
      });
      expect(spatialFactor(config)).toBe(2 ** (levels - 1));
    }
    expect(() => spatialFactor({} as never)).toThrow(
      "spatialFactor: inChannels: expected a positive whole number",
    );
  });

  test.each<[string, unknown, unknown]>([
    ["in_channels", configLimits.pictureChannels, configLimits.pictureChannels + 1],
    ["out_channels", configLimits.pictureChannels, configLimits.pictureChannels + 1],
    ["latent_channels", configLimits.latentChannels, configLimits.latentChannels + 1],
    ["layers_per_block", configLimits.layersPerBlock, configLimits.layersPerBlock + 1],
    ["sample_size", configLimits.sampleSize, configLimits.sampleSize + 1],
    ["block_out_channels", [configLimits.blockChannels], [configLimits.blockChannels + 32]],
  ])("takes %s of %j, and no more", (key, most, more) => {
    expect(() => parseConfig({ [key]: most }, "c")).not.toThrow();
    expect(() => parseConfig({ [key]: more }, "c")).toThrow(`c: ${key}: expected`);
  });

  test.each<[object, string]>([
    [
      { down_block_types: ["DownEncoderBlock2D", "DownEncoderBlock2D"] },
      "expected 1 down_block_types, one per block_out_channels, found 2.",
    ],
    [
      { up_block_types: ["UpDecoderBlock2D", "UpDecoderBlock2D"] },
      "expected 1 up_block_types, one per block_out_channels, found 2.",
    ],
    [
      { norm_num_groups: 24 },
      "expected every block_out_channels to be a multiple of norm_num_groups 24, found 64.",
    ],
    [
      { latents_std: [1], latents_mean: [1, 2, 3, 4] },
      "expected 4 values in latents_std, one per latent channel, found 1.",
    ],
    [
      { latents_std: [1, 1, 1, 1], latents_mean: [1, 2, 3, 4], shift_factor: 0.5 },
      "found shift_factor 0.5 and both lists. Remove one of the two.",
    ],
  ])("contradicts itself: %j", (json, message) => {
    expect(() => parseConfig(json, "c")).toThrow(message);
  });

  test("takes a shift of 0 beside both lists, and a shift beside one", () => {
    const lists = { latents_std: [1, 1, 1, 1], latents_mean: [1, 2, 3, 4] };
    expect(parseConfig({ ...lists, shift_factor: 0 }, "c").config.shiftFactor).toBe(0);
    const one = parseConfig({ latents_mean: lists.latents_mean, shift_factor: 0.5 }, "c");
    expect(one.config.shiftFactor).toBe(0.5);
  });
});
