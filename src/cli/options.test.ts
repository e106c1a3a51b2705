import { Command } from "commander";
import { describe, expect, test } from "vitest";
import { Generator } from "../node/index.ts";
import { checkPixels, parseRounds, parseThreads } from "./limits.ts";
import {
  addJsonOption,
  addModelOptions,
  addPictureOptions,
  addSampleOptions,
  addTilingOption,
  parseBytes,
  parseCount,
  parseSeed,
  parseSize,
  parseSquareOrPair,
  parseWidthHeight,
  sampleGenerator,
} from "./options.ts";

describe("a size", () => {
  test.each([
    ["original", { kind: "original" }],
    ["1", { kind: "short-side", pixels: 1 }],
    ["512", { kind: "short-side", pixels: 512 }],
    ["999999", { kind: "short-side", pixels: 999_999 }],
    ["768x512", { kind: "exact", width: 768, height: 512 }],
    ["768X512", { kind: "exact", width: 768, height: 512 }],
    ["1x999999", { kind: "exact", width: 1, height: 999_999 }],
  ])("of %s is read", (text, rule) => {
    expect(parseSize(text)).toEqual(rule);
  });

  test.each([
    "",
    "0",
    "000000",
    "1000000",
    "-5",
    "5.5",
    " 5",
    "5 ",
    "big",
    "8x",
    "x8",
    "8x8x8",
    "Original",
    "1e3",
  ])("of %j is none", (text) => {
    expect(() => parseSize(text)).toThrow(
      "Expected a number of pixels, WxH or original; no side above 999999.",
    );
  });

  test.each(["0x5", "5x0", "0x0"])("of %s has no pixels", (text) => {
    for (const parse of [parseSize, parseWidthHeight, parseSquareOrPair])
      expect(() => parse(text)).toThrow("Expected a width and a height of at least 1.");
  });

  test("has its width first", () => {
    expect(parseWidthHeight("768x512")).toEqual({ width: 768, height: 512 });
    expect(parseSquareOrPair("768X512")).toEqual({ width: 768, height: 512 });
    expect(parseSquareOrPair("256")).toEqual({ width: 256, height: 256 });
    expect(parseSquareOrPair("999999")).toEqual({ width: 999_999, height: 999_999 });
  });

  test.each(["", "256", "1000000x1", "1x1000000", "8x8x8", "8 x8"])("that is no pair: %j", (text) => {
    expect(() => parseWidthHeight(text)).toThrow("Expected WxH in pixels; no side above 999999.");
  });

  test.each(["", "big", "1000000", "1x1000000", "8x", "x8", "8.5"])("that is neither: %j", (text) => {
    expect(() => parseSquareOrPair(text)).toThrow("Expected N or WxH in pixels; no side above 999999.");
  });

  test("of a square of no pixels is none", () => {
    expect(() => parseSquareOrPair("0")).toThrow("Expected a width and a height of at least 1.");
  });
});

describe("a number", () => {
  test.each([
    [parseCount, 999_999_999, "Expected a whole number from 1 to 999999999."],
    [parseRounds, 10_000, "Expected a whole number from 1 to 10000."],
    [parseThreads, 1024, "Expected a whole number from 1 to 1024."],
  ])("has two ends: %o", (parse, most, message) => {
    expect(parse("1")).toBe(1);
    expect(parse("007")).toBe(7);
    expect(parse(String(most))).toBe(most);
    for (const text of ["0", String(most + 1), "", "-1", "1.5", "1e2", " 1", "1 ", "0x10", "NaN"])
      expect(() => parse(text), text).toThrow(message);
  });

  test("of a seed may be 0, and everything that is a whole number without rounding", () => {
    expect(parseSeed("0")).toBe(0);
    expect(parseSeed("9007199254740991")).toBe(Number.MAX_SAFE_INTEGER);
    for (const text of ["9007199254740992", "-1", "", "1.0", "1e3"])
      expect(() => parseSeed(text), text).toThrow("Expected a whole number of at least 0.");
  });

  test("of bytes is rounded down, and at least one", () => {
    expect(parseBytes("0.0000019MB")).toBe(1);
    expect(parseBytes("1.5 GiB")).toBe(1.5 * 2 ** 30);
    expect(parseBytes("3gb")).toBe(3e9);
    expect(parseBytes("7mib")).toBe(7 * 2 ** 20);
    expect(parseBytes("999999999MB")).toBe(999_999_999e6);
    for (const text of ["0.0000009MB", "1000000000MB", "1  MB", "1kB", "MB", "1.MB", "1MBx", "x1MB"])
      expect(() => parseBytes(text), text).toThrow("Expected a size such as 900MB, 2GB or 1.5GiB.");
  });
});

test("a hundred million pixels are the most that a command takes on", () => {
  expect(() => {
    checkPixels("--count 5", 100_000_000);
  }).not.toThrow();
  expect(() => {
    checkPixels("--count 5", 100_000_001);
  }).toThrow(
    expect.objectContaining({
      name: "UsageError",
      message: "--count 5: expected at most 100,000,000 pixels in all, found 100,000,001. Ask for less.",
    }),
  );
});

describe("the generator of --sample", () => {
  const first = (generator: Generator): number[] => [...generator.randn([4]).data];

  test("is torch's, of the seed, or of 0", () => {
    expect(first(sampleGenerator({ sample: true, seed: 7 }))).toEqual(first(Generator.torch(7)));
    expect(first(sampleGenerator({ sample: true }))).toEqual(first(Generator.torch(0)));
    expect(first(sampleGenerator({}))).toEqual(first(Generator.torch(0)));
  });

  test.each([{ seed: 0 }, { seed: 3, sample: false }])(
    "is refused for a seed that seeds nothing: %o",
    (options) => {
      expect(() => sampleGenerator(options)).toThrow(
        expect.objectContaining({
          name: "UsageError",
          message: "--seed is for --sample: nothing is drawn without it. Add --sample, or leave --seed out.",
        }),
      );
    },
  );
});

describe("shared options", () => {
  const parse = (add: (command: Command) => Command, ...args: string[]): Record<string, unknown> =>
    add(new Command().exitOverride().configureOutput({ writeErr: () => undefined }))
      .parse(args, { from: "user" })
      .opts();

  test("of a model", () => {
    const args = ["-m", "a", "--as", "sdxl", "--config", "c", "--variant", "fp16", "--subfolder", "vae"];
    const more = ["--revision", "r", "--cache-dir", "d", "--offline", "--device", "cpu"];
    expect(parse(addModelOptions, ...args, ...more)).toEqual({
      model: "a",
      as: "sdxl",
      config: "c",
      variant: "fp16",
      subfolder: "vae",
      revision: "r",
      cacheDir: "d",
      offline: true,
      device: "cpu",
    });
    expect(parse(addModelOptions)).toEqual({});
    expect(parse(addModelOptions, "--model", "b")).toEqual({ model: "b" });
    for (const wrong of [
      ["--as", "sd9"],
      ["--device", "tpu"],
    ])
      expect(() => parse(addModelOptions, ...wrong)).toThrow(/Allowed choices are/);
  });

  test("of pictures, with a size that nobody asked for", () => {
    const add = (command: Command): Command => addPictureOptions(command, "512");
    expect(parse(add)).toEqual({ size: { kind: "short-side", pixels: 512, isDefault: true } });
    expect(parse(add, "--size", "512", "--strict", "--max-pixels", "9")).toEqual({
      size: { kind: "short-side", pixels: 512 },
      strict: true,
      maxPixels: 9,
    });
    expect(add(new Command()).helpInformation()).toContain("(default: 512)");
  });

  test("of samples, tiling and JSON", () => {
    expect(parse(addSampleOptions, "--sample", "--seed", "3")).toEqual({ sample: true, seed: 3 });
    const tiling = ["--tiling", "exact", "--memory", "2GB", "--temp-dir", "t"];
    expect(parse(addTilingOption, ...tiling)).toEqual({ tiling: "exact", memory: 2e9, tempDir: "t" });
    expect(parse(addTilingOption)).toEqual({});
    expect(parse(addJsonOption, "--json")).toEqual({ json: true });
  });
});
