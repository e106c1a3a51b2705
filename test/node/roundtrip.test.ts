/** One picture through a model and back: what is measured, what is passed on, and what a report shows of it. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import {
  AutoencoderKL,
  Generator,
  openVae,
  psnr,
  readImage,
  ssim,
  Tensor,
  writeSafetensorsFile,
  type Raster,
} from "../../src/node/index.ts";
import {
  measureRoundtrip,
  roundtripReportPicture,
  type RoundtripInput,
} from "../../src/node/report/index.ts";
import { mlpVae, pytorchExamplesMlpVae } from "../../src/models/index.ts";
import { summarize } from "../../src/report/statistics.ts";
import { temporaryFolder } from "../cli/run-cli.ts";
import { fixturePath } from "../conformance/fixtures.ts";
import { Autoencoder, Mlp, runtimes } from "../small-models.ts";

const vae = Autoencoder.of(runtimes.Node!());
const rows = Mlp.of(runtimes.Node!());
afterAll(() => Promise.all([vae.dispose(), rows.dispose()]));

function input(side = 16): RoundtripInput {
  const data = Uint8Array.from({ length: 3 * side * side }, (_, i) => (i * 37) % 256);
  const raster: Raster = { width: side, height: side, channels: 3, data };
  return { name: "a.png", pixels: vae.preprocess(raster), raster };
}

describe("a round trip", () => {
  test("through a model that fills sides up is compared without what it filled in", async () => {
    const source = fixturePath("tiny-models/relu");
    await using tiny = await openVae(source, { device: "cpu" });
    const data = Uint8Array.from({ length: 3 * 50 * 37 }, (_, i) => (i * 37) % 256);
    const raster: Raster = { width: 50, height: 37, channels: 3, data };
    const pixels = tiny.preprocess(raster);
    expect(pixels.shape).toEqual([1, 3, 37, 50]);
    const { numbers, reconstruction } = await measureRoundtrip(tiny, { name: "a.png", pixels, raster });
    expect(reconstruction).toMatchObject({ width: 50, height: 37 });
    expect(numbers.psnr).toBe(psnr(raster, reconstruction));
  });

  test("measures what encode and decode give, and tells its stages in order", async () => {
    const stages: string[] = [];
    const given = input();
    const { numbers, original, reconstruction, latents } = await measureRoundtrip(vae, given, {
      onStage: (stage) => stages.push(stage),
    });
    expect(stages).toEqual(["encoding", "decoding", "measuring"]);
    const expected = (await vae.encode(given.pixels)).latents();
    expect(latents.equals(expected)).toBe(true);
    const [picture] = vae.postprocess((await vae.decode(expected)).sample);
    expect(reconstruction).toEqual(picture);
    expect(original).toBe(given.raster);
    expect(numbers).toMatchObject({
      name: "a.png",
      width: 16,
      height: 16,
      psnr: psnr(given.raster, picture!),
      ssim: ssim(given.raster, picture!),
      latents: summarize(expected),
      plan: { encoder: { half: "encoder" }, decoder: { half: "decoder" } },
    });
    expect(numbers.encodeMs).toBeGreaterThan(0);
    expect(numbers.decodeMs).toBeGreaterThan(0);
    expect(numbers.peakMemoryBytes).toBeGreaterThan(2 ** 24);
  });

  test("draws the latents where there is a generator", async () => {
    const given = input();
    const drawn = await measureRoundtrip(vae, given, { generator: Generator.torch(7) });
    const expected = (await vae.encode(given.pixels)).latents({
      sample: true,
      generator: Generator.torch(7),
    });
    expect(drawn.latents.equals(expected)).toBe(true);
    expect(drawn.latents.equals((await measureRoundtrip(vae, given)).latents)).toBe(false);
  });

  test("codes as it is told, in both halves, and passes on what was planned", async () => {
    const told: string[] = [];
    const coding = {
      tiling: "exact",
      onPlan: ({ half, tiling }: { half: string; tiling: string }) => told.push(`${half} ${tiling}`),
    } as const;
    const { numbers } = await measureRoundtrip(vae, input(), { coding });
    expect(told).toEqual(["encoder exact", "decoder exact"]);
    expect(numbers.plan).toMatchObject({ encoder: { tiling: "exact" }, decoder: { tiling: "exact" } });
    const tiles = await measureRoundtrip(vae, input(), { coding: { tiling: "diffusers" } });
    expect(tiles.numbers).not.toHaveProperty("plan");
  });

  test("has no similarity of a picture below its window, and has one of just that", async () => {
    expect((await measureRoundtrip(vae, input(10))).numbers.ssim).toBeNull();
    expect((await measureRoundtrip(vae, input(12))).numbers.ssim).toEqual(expect.any(Number));
  });

  test("of a model of square rows is measured like any other, also at just the window's size", async () => {
    const config = { ...pytorchExamplesMlpVae, inputSize: 121 };
    const folder = await temporaryFolder();
    await writeFile(join(folder.path, "config.json"), mlpVae.config.format(config));
    const weights = mlpVae.initialize(config, Generator.torch(0));
    await writeSafetensorsFile(join(folder.path, "diffusion_pytorch_model.safetensors"), weights);
    await using mlp = await openVae(folder.path, { device: "cpu" });
    const raster: Raster = { width: 11, height: 11, channels: 1, data: new Uint8Array(121).fill(100) };
    const pixels = Tensor.from(new Float32Array(121).fill(100 / 255), [1, 121]);
    const { numbers, latents } = await measureRoundtrip(mlp, { name: "row", pixels, raster });
    expect(latents.shape).toEqual([1, 20]);
    expect(numbers.ssim).toEqual(expect.any(Number));
    await folder.remove();
  });

  test("of a model that gives other channels than it takes is refused, with what to do instead", async () => {
    await using grey = AutoencoderKL.fromConfig(
      { block_out_channels: [4], norm_num_groups: 2, out_channels: 1 },
      { device: "cpu" },
    );
    const given = input();
    await expect(measureRoundtrip(grey, given)).rejects.toMatchObject({
      code: "UNSUPPORTED",
      message:
        "random weights: takes 3 channels and gives 1; these pictures cannot be compared. Use encode and decode.",
    });
  });

  test("ends with the caller's signal", async () => {
    const coding = { signal: AbortSignal.abort() };
    await expect(measureRoundtrip(vae, input(), { coding })).rejects.toMatchObject({ code: "ABORTED" });
  });

  test("names the picture where the model gives no numbers, or no picture", async () => {
    await using broken = Autoencoder.of(runtimes.Node!(), { "encoder.conv_in.bias": NaN });
    await expect(measureRoundtrip(broken, input())).rejects.toMatchObject({
      code: "NOT_FINITE",
      message: expect.stringMatching(/^a\.png: /) as string,
    });
    // One channel of the last map a hundred thousand times as large, in all three of the pixels' sums.
    await using loud = Autoencoder.of(runtimes.Node!(), { "decoder.conv_norm_out.weight": 1e5 });
    const warnings: string[] = [];
    await measureRoundtrip(loud, input(), { onWarning: (text) => warnings.push(text) });
    expect(warnings).toEqual([expect.stringMatching(/^a\.png: damaged: expected pixels of about -1 to 1/)]);
  });

  test.each([
    [{ name: 5 }, "measureRoundtrip: name: expected a text, found 5."],
    [{ raster: null }, "measureRoundtrip: raster: expected a raster, found null."],
  ])("refuses %j", async (more, message) => {
    await expect(measureRoundtrip(vae, { ...input(), ...more } as never)).rejects.toThrow(message);
  });
});

describe("a report's picture", () => {
  test("holds the pictures, the difference, the latents and every number", async () => {
    const given = input();
    const result = await measureRoundtrip(vae, given);
    const picture = await roundtripReportPicture(vae, result);
    expect(picture).toMatchObject({ name: "a.png", widthPixels: 16, heightPixels: 16, differenceGain: 8 });
    expect((await readImage(picture.original)).data).toEqual(given.raster.data);
    expect((await readImage(picture.reconstruction)).data).toEqual(result.reconstruction.data);
    const difference = await readImage(picture.difference);
    const expected = given.raster.data.map((value, i) =>
      Math.min(255, 8 * Math.abs(value - result.reconstruction.data[i]!)),
    );
    expect(difference.data).toEqual(expected);
    // Four channels of 8 by 8 in two columns, 30 pixels for each value, and two between.
    expect(await readImage(picture.latents)).toMatchObject({ width: 482, height: 482 });
    expect(picture.channelHistograms).toHaveLength(4);
    const { numbers } = result;
    expect(picture.numbers).toEqual({
      psnrDecibels: numbers.psnr,
      ssim: numbers.ssim,
      latentMean: numbers.latents.mean,
      latentStd: numbers.latents.std,
      latentMin: numbers.latents.min,
      latentMax: numbers.latents.max,
      encodeMs: numbers.encodeMs,
      decodeMs: numbers.decodeMs,
      peakMemoryBytes: numbers.peakMemoryBytes,
    });
    const normalized = vae.normalizeLatents(result.latents).data;
    expect(picture.normalizedHistogram.low).toBeCloseTo(Math.min(...normalized), 5);
    expect(picture.normalizedHistogram.high).toBeCloseTo(Math.max(...normalized), 5);
  });

  test("is made of what measureRoundtrip gave", async () => {
    for (const wrong of [null, 5, {}, { numbers: 3 }])
      await expect(roundtripReportPicture(vae, wrong as never)).rejects.toThrow(
        "roundtripReportPicture: expected what measureRoundtrip gave, found ",
      );
  });

  test("without a similarity stands as well, and so does one of a row of latents", async () => {
    const result = await measureRoundtrip(vae, input(10));
    expect((await roundtripReportPicture(vae, result)).numbers.ssim).toBeUndefined();
    const row = Tensor.from(new Float32Array([1, -1]), [1, 2]);
    const picture = await roundtripReportPicture(rows, { ...result, latents: row });
    expect(picture.channelHistograms).toHaveLength(2);
    // Two values side by side, as large as they may be.
    expect(await readImage(picture.latents)).toMatchObject({ width: 482, height: 240 });
  });
});
