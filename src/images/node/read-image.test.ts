import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp, { type Sharp } from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Raster } from "../raster.ts";
import { readImage } from "./read-image.ts";
import { encodeImage, encodePng } from "./write-image.ts";

/** 32x16 pixels: a horizontal ramp in red, a vertical one in green. */
const ramp: Raster = {
  width: 32,
  height: 16,
  channels: 3,
  data: Uint8Array.from({ length: 32 * 16 * 3 }, (_, i) => {
    const pixel = Math.floor(i / 3);
    return [(pixel % 32) * 8, Math.floor(pixel / 32) * 16, 77][i % 3]!;
  }),
};
const picture = (): Sharp => sharp(ramp.data, { raw: { width: 32, height: 16, channels: 3 } });
const at = (raster: Raster, x: number, y: number): number[] => [
  ...raster.data.subarray((y * raster.width + x) * 3, (y * raster.width + x) * 3 + 3),
];

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vaekit-images-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("readImage", () => {
  test("reads back what encodePng wrote, from bytes and from a file", async () => {
    const png = await encodePng(ramp);
    const path = join(folder, "ramp.png");
    await writeFile(path, png);
    expect(await readImage(png)).toEqual(ramp);
    expect(await readImage(path)).toEqual(ramp);
  });

  test("turns a picture upright by its EXIF orientation", async () => {
    const turned = await readImage(await picture().withMetadata({ orientation: 6 }).png().toBuffer());
    expect([turned.width, turned.height]).toEqual([16, 32]);
    expect(at(turned, 15, 0)).toEqual(at(ramp, 0, 0));
    expect(at(turned, 15, 31)).toEqual(at(ramp, 31, 0));
  });

  test("converts a Display P3 picture to sRGB", async () => {
    const colour = [200, 100, 50];
    const flat = sharp(Uint8Array.from(colour), { raw: { width: 1, height: 1, channels: 3 } });
    const p3 = await flat.withIccProfile("p3").png().toBuffer();
    const stored = await sharp(p3, { ignoreIcc: true }).raw().toBuffer();
    // The file holds other numbers than sRGB's: read as they are, the colour would be off.
    expect(Math.abs(stored[0]! - 200)).toBeGreaterThan(5);
    expect([...(await readImage(p3)).data]).toBeAllclose(colour, { absolute: 2 });
  });

  test("lays transparency over white, over black, or drops it", async () => {
    const rgba = await sharp(Uint8Array.from([200, 100, 50, 0]), {
      raw: { width: 1, height: 1, channels: 4 },
    })
      .png()
      .toBuffer();
    expect([...(await readImage(rgba)).data]).toEqual([255, 255, 255]);
    expect([...(await readImage(rgba, { alpha: "black" })).data]).toEqual([0, 0, 0]);
    expect([...(await readImage(rgba, { alpha: "drop" })).data]).toEqual([200, 100, 50]);
  });

  test("reduces 16-bit grey to 8 bits and repeats it in three channels", async () => {
    const grey16 = await sharp(Uint16Array.from([0, 0x8080, 0xffff]), {
      raw: { width: 3, height: 1, channels: 1 },
    })
      .toColourspace("grey16")
      .png()
      .toBuffer();
    expect((await sharp(grey16).metadata()).depth).toBe("ushort");
    expect([...(await readImage(grey16)).data]).toEqual([0, 0, 0, 128, 128, 128, 255, 255, 255]);
    expect([...(await readImage(grey16, { convert: "grayscale" })).data]).toEqual([0, 128, 255]);
  });

  test("converts a CMYK JPEG to RGB", async () => {
    const white = sharp({ create: { width: 8, height: 8, channels: 3, background: "white" } });
    const cmyk = await white.toColourspace("cmyk").jpeg().toBuffer();
    expect((await sharp(cmyk).metadata()).space).toBe("cmyk");
    const read = await readImage(cmyk);
    expect(read.channels).toBe(3);
    expect(Math.min(...read.data)).toBeGreaterThan(248);
  });
});

describe("readImage refuses", () => {
  test("a file that is not there, a folder, and an empty file, by name", async () => {
    const missing = join(folder, "missing.png");
    await expect(readImage(missing)).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(readImage(missing)).rejects.toThrow(missing);
    await expect(readImage(folder)).rejects.toMatchObject({ code: "INVALID_FILE" });
    const empty = join(folder, "empty.png");
    await writeFile(empty, "");
    await expect(readImage(empty)).rejects.toThrow(`${empty}: expected a picture, found an empty file.`);
  });

  test("a file that is no picture", async () => {
    const path = join(folder, "text.png");
    await writeFile(path, "not a picture at all");
    await expect(readImage(path)).rejects.toMatchObject({ code: "INVALID_FILE" });
    await expect(readImage(path)).rejects.toThrow(path);
  });

  test.each(["png", "jpg", "webp"])("half a %s file", async (extension) => {
    const noise = Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * i * 31 + i * 7) % 251);
    const whole = await encodeImage({ width: 64, height: 64, channels: 3, data: noise }, `x.${extension}`);
    const half = whole.slice(0, whole.length / 2);
    await expect(readImage(half)).rejects.toMatchObject({ code: "INVALID_FILE" });
  });

  test("a picture with too many pixels, before decoding it", async () => {
    const png = await encodePng(ramp);
    await expect(readImage(png, { maxPixels: 500 })).rejects.toThrow(
      "expected at most 500 pixels, found 32x16 = 512",
    );
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="30000" height="30000"/>';
    await expect(readImage(new TextEncoder().encode(svg))).rejects.toThrow("30000x30000 = 900000000");
  });
});

describe("encodeImage", () => {
  test("keeps grey pictures grey", async () => {
    const grey: Raster = { width: 2, height: 1, channels: 1, data: Uint8Array.from([10, 200]) };
    const png = await encodePng(grey);
    expect((await sharp(png).metadata()).channels).toBe(1);
    expect(await readImage(png, { convert: "grayscale" })).toEqual(grey);
  });

  test("writes the format of the extension, WebP without loss", async () => {
    expect((await sharp(await encodeImage(ramp, "out/x.JPG")).metadata()).format).toBe("jpeg");
    expect(await readImage(await encodeImage(ramp, "x.webp"))).toEqual(ramp);
    await expect(encodeImage(ramp, "x.bmp")).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});
