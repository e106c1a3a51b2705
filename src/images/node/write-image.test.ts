import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Raster } from "../raster.ts";
import { blankRaster } from "../raster.ts";
import { isOwnPicture } from "./own-picture.ts";
import { encodeImage, encodePng } from "./write-image.ts";
import { addLeftOut, leftOutCount, leftOutText, nothingLeftOut } from "./left-out.ts";

const noise: Raster = {
  width: 32,
  height: 32,
  channels: 3,
  data: Uint8Array.from({ length: 32 * 32 * 3 }, (_, i) => (i * i * 31 + i * 7) % 251),
};

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vaekit-write-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("encodeImage", () => {
  const bytesOf = (path: string, quality?: number): Promise<Uint8Array> =>
    encodeImage(noise, path, quality === undefined ? {} : { quality });

  test("writes JPEG at quality 95 with all its colours, and by the quality that is asked for", async () => {
    const usual = await bytesOf("a.jpg");
    expect(Buffer.from(usual).equals(Buffer.from(await bytesOf("b.JPEG", 95)))).toBe(true);
    expect((await bytesOf("a.jpg", 100)).length).toBeGreaterThan(usual.length);
    expect((await bytesOf("a.jpg", 1)).length).toBeLessThan(usual.length);
    expect((await sharp(usual).metadata()).chromaSubsampling).toBe("4:4:4");
  });

  test("writes WebP without loss unless a quality is asked for", async () => {
    const samples = (bytes: Uint8Array): Promise<Buffer> => sharp(bytes).raw().toBuffer();
    expect([...(await samples(await bytesOf("a.webp")))]).toEqual([...noise.data]);
    expect([...(await samples(await bytesOf("a.webp", 100)))]).not.toEqual([...noise.data]);
  });

  test.each([0, 101, 1.5, NaN])("refuses the quality %d", async (quality) => {
    await expect(bytesOf("a.jpg", quality)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: `encodeImage: expected a quality from 1 to 100, found ${quality}.`,
    });
  });

  test.each(["a.gif", "a", ".tiff", "png"])("refuses the name %s", async (path) => {
    await expect(bytesOf(path)).rejects.toThrow(
      `${path}: expected a picture's name ending in .png, .jpg, .jpeg, .webp.`,
    );
  });

  test("takes nothing but an extension for a name, and says what is none", async () => {
    expect(await encodePng(noise)).toEqual(await encodeImage(noise, "some/where/x.PNG"));
    await expect(encodeImage(noise, "")).rejects.toThrow(`encodeImage: expected a picture's name, found "".`);
    await expect(encodeImage({ ...noise, width: 31 }, "a.png")).rejects.toThrow(
      "encodeImage: expected 2976 bytes",
    );
  });

  test("refuses sides that a format cannot hold before it encodes anything", async () => {
    const wide = (width: number): Raster => blankRaster(width, 1, 1);
    for (const [path, format, longest] of [
      ["a.jpg", "jpeg", 65500],
      ["a.webp", "webp", 16383],
    ] as const) {
      expect((await encodeImage(wide(longest), path)).length).toBeGreaterThan(0);
      for (const raster of [wide(longest + 1), { ...wide(longest + 1), width: 1, height: longest + 1 }]) {
        await expect(encodeImage(raster, path)).rejects.toThrow(
          `encodeImage: expected sides of at most ${longest} pixels for ${format}, found ${raster.width}x${raster.height}. Write a PNG.`,
        );
      }
    }
  });
});

describe("the mark of a picture of our own", () => {
  test.each(["x.png", "x.jpg", "x.jpeg", "x.webp", "x.PNG"])(
    "is found in %s, however it is called, and only there",
    async (name) => {
      for (const kind of ["reconstruction", "sample sheet"] as const) {
        const marked = join(folder, `marked-${name}`);
        await writeFile(marked, await encodeImage(noise, name, { ownPicture: kind }));
        expect(await isOwnPicture(marked)).toBe(true);
      }
      const plain = join(folder, `plain-${name}`);
      await writeFile(plain, await encodeImage(noise, name));
      expect(await isOwnPicture(plain)).toBe(false);
    },
  );

  test("is not looked for in what vaekit does not write, nor missed with an error in what cannot be read", async () => {
    const gif = join(folder, "x.gif");
    await writeFile(gif, "vaekit made this: reconstruction");
    expect(await isOwnPicture(gif)).toBe(false);
    expect(await isOwnPicture(join(folder, "nowhere.png"))).toBe(false);
    expect(await isOwnPicture(folder)).toBe(false);
    const text = join(folder, "text.png");
    await writeFile(text, `${" ".repeat(600)}vaekit made this: `);
    expect(await isOwnPicture(text)).toBe(false);
  });

  test("is of one of two kinds", async () => {
    await expect(encodePng(noise, { ownPicture: "photo" as never })).rejects.toThrow(
      'ownPicture: expected one of "reconstruction" or "sample sheet"',
    );
  });
});

describe("what is left out", () => {
  test("is said by kind, one or many, and counted with the unreadable ones", () => {
    const leftOut = {
      ...nothingLeftOut(),
      hidden: 1,
      ownPictures: 2,
      runFolders: 1,
      validation: 3,
      otherFiles: 1,
    };
    expect(leftOutText(leftOut)).toBe(
      "1 hidden file, 2 pictures that vaekit made, 1 folder of a training run, 3 pictures of the validation set, 1 file that is no picture",
    );
    expect(leftOutCount(leftOut)).toBe(8);
    const other = {
      ...nothingLeftOut(),
      folders: 2,
      otherFormats: 1,
      unreadable: [{ path: "a", reason: "b" }],
    };
    expect(leftOutText(other)).toBe("2 folders inside, 1 picture of a format that cannot be read here");
    expect(leftOutCount(other)).toBe(4);
    addLeftOut(leftOut, other);
    addLeftOut(leftOut, other);
    expect(leftOut).toMatchObject({
      hidden: 1,
      folders: 4,
      otherFormats: 2,
      unreadable: [other.unreadable[0], other.unreadable[0]],
    });
    expect(leftOutText(nothingLeftOut())).toBe("");
    expect(() => leftOutText(3 as never)).toThrow("leftOutText: expected an object, found 3.");
  });
});
