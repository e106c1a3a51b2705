/** A model of pictures with alpha takes and gives them as files, as ImageData and as rasters; others become opaque ones. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  encodeImage,
  encodePng,
  openVae,
  readImage,
  Tensor,
  toRgba,
  type NodeVae,
  type Raster,
} from "../src/node/index.ts";
import { fixturePath, readGoldens } from "./conformance/fixtures.ts";

const source = fixturePath("images/source-rgba.png");
let vae: NodeVae;
let folder = "";
beforeAll(async () => {
  vae = await openVae(fixturePath("video-models/qwen-image-2.1"), { device: "cpu" });
  folder = await mkdtemp(join(tmpdir(), "vaekit-alpha-"));
});
afterAll(async () => {
  await vae.dispose();
  await rm(folder, { recursive: true });
});

test("a file is read with its alpha, as Pillow reads it", async () => {
  const read = await readImage(source, { convert: "rgba" });
  expect(read.channels).toBe(4);
  const { data } = readGoldens("images/golden.safetensors").get("source/alpha").toFloat32();
  expect([...read.data]).toEqual([...data]);
});

test("a file without alpha becomes an opaque picture, also a grey one", async () => {
  const read = await readImage(fixturePath("images/source-gray.png"), { convert: "rgba" });
  const grey = await readImage(fixturePath("images/source-gray.png"), { convert: "grayscale" });
  expect([...read.data]).toEqual([...grey.data].flatMap((value) => [value, value, value, 255]));
});

test("a grey file with alpha has four channels", async () => {
  const bytes = await sharp(Uint8Array.from([10, 128, 200, 0]), { raw: { width: 2, height: 1, channels: 2 } })
    .png()
    .toBuffer();
  const read = await readImage(bytes, { convert: "rgba" });
  expect([...read.data]).toEqual([10, 10, 10, 128, 200, 200, 200, 0]);
});

test("a PNG file holds alpha exactly; a JPEG file, which has none, the picture over white", async () => {
  const read = await readImage(source, { convert: "rgba" });
  expect(await readImage(await encodePng(read), { convert: "rgba" })).toEqual(read);
  const jpeg = await readImage(await encodeImage(read, "a.jpg", { quality: 100 }));
  // JPEG's own rounding.
  expect(jpeg.data).toBeAllclose((await readImage(source)).data, { absolute: 6 });
});

test("files, ImageData and rasters are encoded as one, and decoded to a picture with alpha", async () => {
  const raster = await readImage(source, { convert: "rgba" });
  const { width, height, data } = raster;
  const encoded = await vae.encodeImage(source);
  for (const same of [raster, { width, height, data: new Uint8ClampedArray(data) }]) {
    expect(await vae.encodeImage(same)).toBeAllclose(encoded, { absolute: 0 });
  }
  const pixels = vae.preprocess(raster);
  expect(pixels.shape).toEqual([1, 4, 24, 24]);
  const picture = await vae.decodeImage(encoded);
  expect(picture).toMatchObject({ width: 24, height: 24, channels: 4 });
  const png = await picture.toPng();
  expect(await sharp(png).metadata()).toMatchObject({ channels: 4, hasAlpha: true });
  expect((await readImage(png, { convert: "rgba" })).data).toEqual(picture.data);
  expect([...picture.toRgba()]).toEqual([...picture.data]);
});

test("a picture without alpha is taken as an opaque one", async () => {
  const rgb = await readImage(fixturePath("images/source-rgb.png"));
  const opaque: Raster = toRgba(rgb);
  expect(await vae.encodeImage(rgb)).toBeAllclose(await vae.encodeImage(opaque), { absolute: 0 });
  const path = join(folder, "opaque.png");
  await writeFile(path, await encodePng(rgb));
  expect(await vae.encodeImage(path)).toBeAllclose(await vae.encodeImage(opaque), { absolute: 0 });
  // 1 in the model's range.
  expect(new Set(vae.preprocess(rgb).data.slice(3 * 32 * 48))).toEqual(new Set([1]));
});

test("a tensor of three channels is refused, with what is missing", async () => {
  await expect(vae.encode(Tensor.zeros([1, 3, 16, 16]))).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    message:
      "encode: expected pixels [N, 4, H, W], found [1, 3, 16, 16]. The model's fourth channel is alpha: add one that is 1 everywhere, which is opaque; preprocess and encodeImage do.",
  });
});

test("a cut to shape keeps alpha", () => {
  const raster: Raster = { width: 32, height: 64, channels: 4, data: new Uint8Array(4 * 32 * 64).fill(64) };
  const pixels = vae.preprocess(raster, { size: { width: 32, height: 16 } });
  expect(pixels.shape).toEqual([1, 4, 16, 32]);
  const { data } = vae.postprocess(pixels)[0]!;
  expect(new Set(data.filter((_, at) => at % 4 === 3))).toEqual(new Set([64]));
  // Colours were multiplied with alpha and divided by it, as Pillow does.
  expect(new Set(data.filter((_, at) => at % 4 !== 3))).toEqual(new Set([63]));
});
