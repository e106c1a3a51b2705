/** A page reads the same pictures as Node, from whatever it has of them, and in the worker. */
import sharp, { type Sharp } from "sharp";
import { expect, test } from "vitest";
import { AutoencoderKL, readImage } from "../../src/node/index.ts";
import { describeInBrowser } from "./test-page.ts";

/** A picture with edges, so that a wrong orientation or another filter for colours shows. */
const [width, height] = [40, 24];
const samples = Uint8Array.from({ length: width * height * 4 }, (_, i) => {
  const [pixel, channel] = [Math.floor(i / 4), i % 4];
  const [x, y] = [pixel % width, Math.floor(pixel / width)];
  return [x * 6, y * 10, x > 20 === y > 10 ? 255 : 0, x > 30 ? 128 : 255][channel]!;
});
const picture = (): Sharp => sharp(samples, { raw: { width, height, channels: 4 } });
const opaque = (): Sharp => picture().removeAlpha();

/** A JPEG that says how it is turned, and has no colour profile, which sharp's own `withMetadata` would add. */
async function turned(jpeg: Sharp, orientation: number): Promise<Buffer> {
  const file = await jpeg.toBuffer();
  // A segment of EXIF with one entry, 0x0112, behind the two bytes with which each JPEG begins.
  const entry = [0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0];
  const exif = [0xff, 0xe1, 0, 34, ...Buffer.from("Exif\0\0II*\0"), 8, 0, 0, 0, 1, 0, ...entry, 0, 0, 0, 0];
  return Buffer.concat([file.subarray(0, 2), Buffer.from(exif), file.subarray(2)]);
}

const files: readonly (readonly [string, () => Promise<Buffer>])[] = [
  ["PNG", () => opaque().png().toBuffer()],
  ["PNG with alpha", () => picture().png().toBuffer()],
  ["grey PNG", () => opaque().toColourspace("b-w").png().toBuffer()],
  ["PNG with a palette", () => opaque().png({ palette: true }).toBuffer()],
  ["lossless WebP", () => picture().webp({ lossless: true }).toBuffer()],
  ["WebP", () => opaque().webp({ quality: 80 }).toBuffer()],
  ["JPEG", () => opaque().jpeg({ quality: 90, chromaSubsampling: "4:4:4" }).toBuffer()],
  ["JPEG with halved colours", () => opaque().jpeg({ quality: 60 }).toBuffer()],
  ...[1, 2, 3, 4, 5, 6, 7, 8].map(
    (orientation) =>
      [`JPEG of orientation ${orientation}`, () => turned(opaque().jpeg(), orientation)] as const,
  ),
];

/** Such as photographs have. Each browser converts colours by a table of its own. */
const profiled: typeof files = [
  ["JPEG with sRGB's profile", () => opaque().jpeg().withIccProfile("srgb").toBuffer()],
  ["JPEG with the profile of Display P3", () => opaque().jpeg().withIccProfile("p3").toBuffer()],
];

describeInBrowser("pictures in a page", (browser) => {
  test("are read to the byte as in Node", async () => {
    await using page = await browser.openPage();
    for (const [name, file] of files) {
      const bytes = new Uint8Array(await file());
      const expected = await readImage(bytes);
      const found = await page.inPage(async ({ vaekit }, bytes) => {
        const { width, height, channels, data } = await vaekit.readImage(new Blob([bytes]));
        return { width, height, channels, data };
      }, bytes);
      expect({ name, ...found }).toEqual({ name, ...expected });
    }
  });

  test("are read with their colour profile as in Node, to a rounding", async () => {
    await using page = await browser.openPage();
    for (const [name, file] of profiled) {
      const bytes = new Uint8Array(await file());
      const { data: expected } = await readImage(bytes);
      const found = await page.inPage(
        async ({ vaekit }, bytes) => (await vaekit.readImage(new Blob([bytes]))).data,
        bytes,
      );
      expect(found, name).toBeAllclose(expected, { absolute: 1 });
    }
  });

  test("give the same latents from a file, its bytes, an <img>, a canvas and a bitmap, which stay the page's", async () => {
    const bytes = new Uint8Array(await opaque().png().toBuffer());
    const vae = await AutoencoderKL.default({ device: "cpu" });
    const expected = (await vae.encodeImage(bytes)).toFloat32().data;
    await vae.dispose();
    await using page = await browser.openPage();
    const found = await page.inPage(async ({ vaekit }, bytes) => {
      const vae = await vaekit.AutoencoderKL.fromPretrained("/model/");
      const blob = new Blob([bytes]);
      const image = new Image();
      image.src = URL.createObjectURL(blob);
      await image.decode();
      const bitmap = await createImageBitmap(blob);
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
      canvas.getContext("2d")!.drawImage(bitmap, 0, 0);
      const offscreen = new OffscreenCanvas(bitmap.width, bitmap.height);
      offscreen.getContext("2d")!.drawImage(bitmap, 0, 0);
      const pixels = offscreen.getContext("2d")!.getImageData(0, 0, bitmap.width, bitmap.height);
      const raster = await vaekit.readImage(blob);
      const latents: Record<string, unknown> = {};
      for (const [name, source] of Object.entries({
        blob,
        bytes,
        image,
        bitmap,
        canvas,
        offscreen,
        pixels,
        raster,
      }))
        latents[name] = (await vae.encodeImage(source)).toFloat32().data;
      await vae.dispose();
      return { latents, bitmapWidth: bitmap.width, byteCount: bytes.length };
    }, bytes);
    for (const [name, latents] of Object.entries(found.latents))
      // As the whole model's in equality.test.ts: sums of float32 in another order.
      expect(latents as Float32Array, name).toBeAllclose(expected, { absolute: 3e-4, relative: 1e-5 });
    expect([found.bitmapWidth, found.byteCount]).toEqual([width, bytes.length]);
  });

  test("are drawn, and written as files, with the model's samples", async () => {
    await using page = await browser.openPage();
    const found = await page.inPage(async ({ vaekit }) => {
      const vae = await vaekit.AutoencoderKL.fromPretrained("/model/");
      const latents = vaekit.Tensor.from(new Float32Array(16 * 16).fill(0.3), [1, 16, 4, 4]);
      const picture = await vae.decodeImage(latents);
      const canvas = document.createElement("canvas");
      picture.drawTo(canvas);
      const blob = await picture.toBlob();
      const drawn = await vaekit.readImage(canvas);
      const written = await vaekit.readImage(blob);
      await vae.dispose();
      return { type: blob.type, data: picture.data, drawn: drawn.data, written: written.data };
    });
    expect(found.type).toBe("image/png");
    expect(found.drawn).toEqual(found.data);
    expect(found.written).toEqual(found.data);
  });

  test("that cannot be read say why", async () => {
    await using page = await browser.openPage();
    const messages = await page.inPage(async ({ vaekit }) => {
      const vae = await vaekit.AutoencoderKL.fromPretrained("/model/");
      const messages: string[] = [];
      for (const source of [new Blob(["no picture"]), new Image(), 7, { width: 1, height: 1 }])
        await vae.encodeImage(source as Blob).catch((error: unknown) => {
          messages.push((error as Error).message);
        });
      await vae.dispose();
      return messages;
    });
    expect(messages).toEqual([
      "encodeImage: expected a picture that this browser reads, found 10 bytes of something else.",
      "encodeImage: expected a picture, found one of 0x0 pixels. Wait until an <img> has loaded: await image.decode().",
      expect.stringContaining("encodeImage: expected a picture: a file's path or bytes") as string,
      expect.stringContaining("encodeImage: expected a picture: a file's path or bytes") as string,
    ]);
  });
});
