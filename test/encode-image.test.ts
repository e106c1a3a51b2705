/** encodeImage and decodeImage are the long way, bit for bit, from every source; and they say what they cannot take. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  AutoencoderKL,
  encodePng,
  Generator,
  readImage,
  Tensor,
  VaeImageProcessor,
  type Raster,
} from "../src/node/index.ts";
import { fixturePath } from "./conformance/fixtures.ts";
import { temporaryFolder } from "./cli/run-cli.ts";
import { Autoencoder, Mlp, runtimes } from "./small-models.ts";

const rasterOf = (width: number, height: number, channels: 1 | 3 = 3): Raster => ({
  width,
  height,
  channels,
  data: Uint8Array.from({ length: width * height * channels }, (_, i) => (i * 7 + (i >> 5) * 13) % 256),
});

const samplesOf = ({ width, height, channels, data }: Raster): Raster => ({ width, height, channels, data });

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let vae: AutoencoderKL;
let path: string;
const raster = rasterOf(45, 37);
beforeAll(async () => {
  folder = await temporaryFolder();
  path = join(folder.path, "photo.png");
  await writeFile(path, await encodePng(raster));
  vae = await AutoencoderKL.fromPretrained(fixturePath("models/sd"), { device: "cpu" });
});
afterAll(async () => {
  await vae.dispose();
  await folder.remove();
});

const processor = () => new VaeImageProcessor({ vaeScaleFactor: vae.spatialFactor });

describe("encodeImage", () => {
  test("is reading, preprocessing, encoding and normalising, bit for bit", async () => {
    const { latentDist } = await vae.encode(processor().preprocess(await readImage(path)));
    const expected = vae.normalizeLatents(latentDist.mode());
    expect((await vae.encodeImage(path)).equals(expected)).toBe(true);
    const bytes = await encodePng(raster);
    const sources = [raster, bytes, bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)];
    for (const source of [...sources, new Blob([bytes as BlobPart])]) {
      expect((await vae.encodeImage(source as never)).equals(expected)).toBe(true);
    }
    const sample = latentDist.sample({ generator: Generator.torch(5) });
    const drawn = await vae.encodeImage(path, { sample: true, generator: Generator.torch(5) });
    expect(drawn.equals(vae.normalizeLatents(sample))).toBe(true);
  });

  test.each([
    [20, { width: 24, height: 20 }],
    [
      { width: 33, height: 18 },
      { width: 33, height: 18, resizeMode: "crop" },
    ],
  ] as const)("with the size %j is the processor's %j", async (size, asked) => {
    const { latentDist } = await vae.encode(processor().preprocess(raster, asked));
    const latents = await vae.encodeImage(raster, { size, tiling: "exact" });
    expect(latents).toBeAllclose(vae.normalizeLatents(latentDist.mode()), { absolute: 1e-5 });
    expect(vae.preprocess(raster, { size }).equals(processor().preprocess(raster, asked))).toBe(true);
  });

  test("lays transparent pictures over white, as readImage does, and takes an ImageData's samples", async () => {
    const data = Uint8ClampedArray.from({ length: 4 * 16 * 16 }, (_, i) => (i * 31) % 256);
    const png = await sharp(data, { raw: { width: 16, height: 16, channels: 4 } })
      .png()
      .toBuffer();
    const ofFile = vae.preprocess(await readImage(png));
    const ofPixels = await vae.encodeImage({ width: 16, height: 16, data });
    const { latentDist } = await vae.encode(ofFile);
    // sharp and we may round the blend to the next of 255 steps.
    expect(ofPixels).toBeAllclose(vae.normalizeLatents(latentDist.mode()), { absolute: 0.05 });
  });

  test("tells of its progress and its plan, and hears its signal", async () => {
    const told: string[] = [];
    await vae.encodeImage(path, {
      onPlan: ({ half }) => told.push(half),
      onProgress: ({ done, total }) => told.push(`${done}/${total}`),
    });
    expect(told).toEqual(["0/1", "encoder", "1/1"]);
    const signal = AbortSignal.abort();
    await expect(vae.encodeImage(path, { signal })).rejects.toMatchObject({ code: "ABORTED" });
  });

  test.each<[unknown, object, string, string]>([
    ["nowhere.png", {}, "NOT_FOUND", "nowhere.png: no such picture"],
    [new Uint8Array(9), {}, "INVALID_FILE", "the picture in memory: expected a picture"],
    [7, {}, "INVALID_ARGUMENT", "encodeImage: expected a picture: a file's path or bytes, a Blob"],
    [raster, { size: "512" }, "INVALID_ARGUMENT", "encodeImage: size: expected pixels of the shorter side"],
    [raster, { sizes: 512 }, "INVALID_ARGUMENT", "encodeImage: unknown option sizes; did you mean size?"],
    [raster, { sample: 1 }, "INVALID_ARGUMENT", "encodeImage: sample: expected true or false"],
    [raster, { tiling: "no" }, "INVALID_ARGUMENT", 'encodeImage: tiling: expected one of "auto"'],
    [
      raster,
      { generator: Generator.torch(1) },
      "INVALID_ARGUMENT",
      "encodeImage: generator is for sample: true",
    ],
    [rasterOf(3, 9), {}, "INVALID_ARGUMENT", "encodeImage: expected a picture of at least 8x8 pixels"],
  ])("refuses %j with %j", async (source, options, code, message) => {
    await expect(vae.encodeImage(source as never, options)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message) as string,
    });
  });
});

describe("decodeImage", () => {
  test("is denormalising, decoding and postprocessing, bit for bit, and the picture a PNG of it", async () => {
    const latents = await vae.encodeImage(path);
    const { sample } = await vae.decode(vae.denormalizeLatents(latents));
    const [expected] = processor().postprocess(sample);
    const picture = await vae.decodeImage(latents);
    expect(samplesOf(picture)).toEqual(expected);
    expect(await readImage(await picture.toPng())).toEqual(expected);
    expect(vae.postprocess(sample).map(samplesOf)).toEqual([expected]);
  });

  test.each<[unknown, object, string]>([
    [
      Tensor.zeros([2, 4, 4, 4]),
      {},
      "decodeImage: expected the latents of one picture, [1, L, h, w], found [2, 4, 4, 4].",
    ],
    [Tensor.zeros([1, 5, 4, 4]), {}, "expected latents [N, 4, h, w]"],
    [[1], {}, "decodeImage: latents: expected a vaekit Tensor"],
    [Tensor.zeros([1, 4, 4, 4]), { size: 3 }, "decodeImage: unknown option size"],
  ])("refuses %j with %j", async (latents, options, message) => {
    await expect(vae.decodeImage(latents as never, options)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining(message) as string,
    });
  });
});

describe.each(Object.entries(runtimes))("in %s", (_, createRuntime) => {
  test("a model that no platform opened takes rasters, and writes no files", async () => {
    await using model = Autoencoder.of(createRuntime());
    const latents = await model.encodeImage(raster, { size: 16 });
    expect(latents.shape).toEqual([1, 4, 8, 9]);
    const picture = await model.decodeImage(latents);
    expect([picture.width, picture.height, picture.channels]).toEqual([18, 16, 3]);
    await expect(picture.toPng()).rejects.toMatchObject({ code: "UNSUPPORTED" });
    await expect(model.encodeImage("photo.png")).rejects.toMatchObject({ code: "UNSUPPORTED" });
  });

  test("a model of rows that are no squares has no pictures", async () => {
    await using model = Mlp.of(createRuntime());
    const message = "found one that takes rows of 6 values, which are no square. Use encode with tensors.";
    await expect(model.encodeImage(raster)).rejects.toMatchObject({
      code: "UNSUPPORTED",
      message: expect.stringContaining(message) as string,
    });
    await expect(model.decodeImage(Tensor.zeros([1, 2]))).rejects.toMatchObject({ code: "UNSUPPORTED" });
  });
});
