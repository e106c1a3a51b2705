import { afterAll, beforeAll, expect, test } from "vitest";
import { AutoencoderKL, Tensor } from "../node/index.ts";
import type { RoundtripMeasures } from "../node/report/index.ts";
import { roundtripJson, roundtripTable } from "./roundtrip-table.ts";

/** Of two levels, so of 2x2 pixels to a latent. */
const config = {
  blockOutChannels: [4, 4],
  downBlockTypes: ["DownEncoderBlock2D", "DownEncoderBlock2D"],
  upBlockTypes: ["UpDecoderBlock2D", "UpDecoderBlock2D"],
  normNumGroups: 2,
  latentChannels: 3,
} as const;

let vae: AutoencoderKL;
beforeAll(async () => {
  vae = AutoencoderKL.fromConfig(config, { device: "cpu" });
  // Only what has run knows where.
  await vae.decode(Tensor.zeros([1, 3, 1, 1]));
});
afterAll(() => vae.dispose());

/** No two numbers of one picture look alike, so none can stand in another's column. */
const first: RoundtripMeasures = {
  name: "a.png",
  width: 32,
  height: 24,
  psnr: 20.5,
  ssim: 0.75,
  latents: { mean: 0.125, std: 1.5, min: -3.25, max: 4.5 },
  encodeMs: 10,
  decodeMs: 2000,
  peakMemoryBytes: 7e6,
};
const second: RoundtripMeasures = {
  name: "b.png",
  width: 24,
  height: 32,
  psnr: 30.5,
  ssim: null,
  latents: { mean: 0.375, std: 2.5, min: -1.25, max: 2.5 },
  encodeMs: 30,
  decodeMs: 4000,
  peakMemoryBytes: 5e6,
};

const words = (line: string): string[] => line.trim().split(/ {2,}/);

test("the table has every number of every picture in its column, and the mean below", () => {
  const [model, empty, ...lines] = roundtripTable(vae, [first, second]).split("\n");
  const parameters = vae.parameterCount.toLocaleString("en-US");
  expect([model, empty]).toEqual([
    `random weights: ${parameters} parameters, f2, 3 latent channels, on cpu`,
    "",
  ]);
  expect(lines.map(words)).toEqual([
    [
      "picture",
      "size",
      "PSNR dB",
      "SSIM",
      "latent mean",
      "std",
      "min",
      "max",
      "encode",
      "decode",
      "peak memory",
    ],
    ["a.png", "32x24", "20.50", "0.7500", "0.125", "1.500", "-3.25", "4.50", "10 ms", "2.00 s", "7.0 MB"],
    ["b.png", "24x32", "30.50", "n/a", "0.375", "2.500", "-1.25", "2.50", "30 ms", "4.00 s", "5.0 MB"],
    // The SSIM of those that have one, the most of the memory, and no size.
    ["mean", "25.50", "0.7500", "0.250", "2.000", "-2.25", "3.50", "20 ms", "3.00 s", "7.0 MB"],
  ]);
  // Names begin their column, numbers end it.
  expect(lines.map((line) => line.length)).toEqual(Array.from(lines, () => lines[0]!.length));
  for (const line of lines) expect(line).toMatch(/^\S/);
});

test("one picture has no mean", () => {
  expect(roundtripTable(vae, [first]).split("\n")).toHaveLength(4);
});

test("a device that is not known yet is a question mark", async () => {
  await using unused = AutoencoderKL.fromConfig(config, { device: "cpu" });
  expect(roundtripTable(unused, [first])).toContain("latent channels, on ?\n");
});

test("programs get the same numbers, and which file is whose", () => {
  expect(roundtripJson(vae, [first, second], ["x.png", "y.png"])).toEqual({
    model: "random weights",
    parameterCount: vae.parameterCount,
    device: "cpu",
    pictures: [
      { ...first, reconstruction: "x.png" },
      { ...second, reconstruction: "y.png" },
    ],
    mean: {
      name: "mean",
      psnr: 25.5,
      ssim: 0.75,
      latents: { mean: 0.25, std: 2, min: -2.25, max: 3.5 },
      encodeMs: 20,
      decodeMs: 3000,
      peakMemoryBytes: 7e6,
    },
  });
});
