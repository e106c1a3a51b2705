/** Strangers' picture files: damaged, of another kind than their name says, without end, or made to take all memory. */
import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import sharp, { type Sharp } from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { VaekitError } from "../../errors.ts";
import { Generator } from "../../random/index.ts";
import { readImage } from "./read-image.ts";

const sides = { width: 48, height: 32 };
const samples = Uint8Array.from({ length: 48 * 32 * 3 }, (_, i) => {
  return Math.round(127 + 90 * Math.sin(i * 0.01) + ((i * 7919) % 23));
});
const picture = (): Sharp => sharp(samples, { raw: { ...sides, channels: 3 } });
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** One file of each format that sharp both writes and reads here. */
const formats: Record<string, () => Sharp> = {
  png: () => picture().png(),
  "palette png": () => picture().png({ palette: true }),
  jpeg: () => picture().jpeg(),
  "progressive jpeg": () => picture().jpeg({ progressive: true }),
  webp: () => picture().webp(),
  "lossless webp": () => picture().webp({ lossless: true }),
  gif: () => picture().gif(),
  tiff: () => picture().tiff({ compression: "deflate" }),
  avif: () => picture().avif({ effort: 0 }),
};

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vaekit-damaged-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Every refusal is a VaekitError; anything else is a fault of ours. */
async function readOrRefusal(bytes: Uint8Array): Promise<Uint8Array | string> {
  try {
    return (await readImage(bytes)).data;
  } catch (error) {
    if (error instanceof VaekitError && error.code === "INVALID_FILE") return error.message;
    throw error;
  }
}

describe.each(Object.entries(formats))("a %s file", (name, make) => {
  test("cut off anywhere is refused, or is whole", async () => {
    const bytes = new Uint8Array(await make().toBuffer());
    const whole = await readOrRefusal(bytes);
    for (let part = 0; part < 24; part++) {
      const found = await readOrRefusal(bytes.subarray(0, Math.floor((bytes.length * part) / 24)));
      if (typeof found !== "string") expect(found).toEqual(whole);
    }
  });

  test("with a changed byte, or with a part of another file, is refused or read, and never crashes", async () => {
    const bytes = new Uint8Array(await make().toBuffer());
    const other = new Uint8Array(await formats[name === "png" ? "jpeg" : "png"]!().toBuffer());
    const random = Generator.philox(7);
    const draw = (below: number): number => Math.floor(random.rand([1]).data[0]! * below);
    for (let round = 0; round < 16; round++) {
      const changed = bytes.slice();
      changed[draw(bytes.length)]! ^= 1 << draw(8);
      const found = await readOrRefusal(changed);
      // Its checksums notice every change.
      if (name === "png" && typeof found !== "string") expect(found).toEqual(await readOrRefusal(bytes));
      const spliced = bytes.slice();
      const length = Math.min(draw(200), other.length);
      spliced.set(other.subarray(0, Math.min(length, bytes.length)), 0);
      const at = draw(bytes.length);
      changed.set(other.subarray(0, Math.min(length, bytes.length - at)), at);
      await readOrRefusal(spliced);
      await readOrRefusal(changed);
    }
  });
});

describe("a JPEG file", () => {
  const change = async (edit: (jpeg: Buffer, scan: number) => Buffer): Promise<Uint8Array> => {
    const jpeg = await picture().jpeg().toBuffer();
    return edit(jpeg, jpeg.indexOf(Buffer.from([0xff, 0xda])));
  };

  test("whose pixels break off in the middle of the scan is refused, although its end is there", async () => {
    const cut = await change((jpeg, scan) =>
      Buffer.concat([jpeg.subarray(0, scan + (jpeg.length - scan) / 2), jpeg.subarray(-2)]),
    );
    await expect(readImage(cut)).rejects.toThrow("expected a whole picture, found a damaged one");
  });

  test("with bytes that no decoder needs is read", async () => {
    const whole = await readImage(await change((jpeg) => jpeg));
    const junk = Buffer.from([1, 2, 3]);
    const adobe = Buffer.from("ffee000e41646f62650064000000000007", "hex");
    for (const harmless of [
      await change((jpeg, scan) => Buffer.concat([jpeg.subarray(0, scan), junk, jpeg.subarray(scan)])),
      await change((jpeg) => Buffer.concat([jpeg, junk])),
      await change((jpeg) => Buffer.concat([jpeg.subarray(0, 2), adobe, jpeg.subarray(2)])),
    ]) {
      const read = await readImage(harmless);
      expect([read.width, read.height]).toEqual([whole.width, whole.height]);
    }
  });

  test.each(["0", "9", "65535"])(
    "with the EXIF orientation %s, which there is none of, stays as it is",
    async (o) => {
      const turned = await picture()
        .withExif({ IFD0: { Orientation: o } })
        .jpeg()
        .toBuffer();
      expect(await readImage(turned)).toEqual(await readImage(await picture().jpeg().toBuffer()));
    },
  );

  test("with an ICC profile of nonsense is read as sRGB, as Pillow reads it", async () => {
    const profile = Buffer.concat([Buffer.from("ICC_PROFILE\0\x01\x01", "latin1"), Buffer.alloc(300, 65)]);
    const marker = Buffer.from([0xff, 0xe2, (profile.length + 2) >> 8, (profile.length + 2) & 255]);
    const strange = await change((jpeg) =>
      Buffer.concat([jpeg.subarray(0, 2), marker, profile, jpeg.subarray(2)]),
    );
    expect(await readImage(strange)).toEqual(await readImage(await picture().jpeg().toBuffer()));
  });
});

describe("the name of a file says nothing", () => {
  test("a PNG named .jpg is read", async () => {
    const path = join(folder, "really-png.jpg");
    await writeFile(path, await picture().png().toBuffer());
    expect((await readImage(path)).data).toEqual(samples);
  });

  test.each([
    ["an HTML page", bytesOf("<!DOCTYPE html>\n<html><body>404</body></html>")],
    ["a JSON text", bytesOf('{"error": "not found"}')],
    ["a text", bytesOf("Zugriff verweigert – später")],
    ["a BMP picture", bytesOf("BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0")],
    ["a HEIC picture", bytesOf("\0\0\0\x18ftypheic\0\0\0\0mif1heic")],
    ["a PDF document", bytesOf("%PDF-1.7\n%\0\0\0")],
    ["a ZIP archive", bytesOf("PK\x03\x04\0\0\0\0\0\0")],
    ["macOS's notes about a file (AppleDouble)", Uint8Array.from([0, 5, 0x16, 7, 0, 2, 0, 0])],
    ["a pointer of Git LFS", bytesOf("version https://git-lfs.github.com/spec/v1\noid sha256:0\n")],
    ["another format", Uint8Array.from([9, 8, 7, 6, 5, 4, 0, 255])],
  ])("%s is said to be one", async (kind, bytes) => {
    const path = join(folder, "photo.jpg");
    await writeFile(path, bytes);
    await expect(readImage(path)).rejects.toMatchObject({ code: "INVALID_FILE" });
    await expect(readImage(path)).rejects.toThrow(`found ${kind}`);
  });
});

describe("a picture without bounds", () => {
  test("a drawing is refused: a small one may keep its renderer busy for hours", async () => {
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"/>';
    await expect(readImage(bytesOf(svg))).rejects.toThrow(
      "found an SVG drawing. Render it to a PNG file first",
    );
    const laughs = ["b", "c", "d", "e", "f", "g", "h"].reduce(
      (text, name, i) => `${text}<!ENTITY ${name} "${`&${"abcdefg"[i]!};`.repeat(10)}">`,
      '<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa">',
    );
    const bomb = `${laughs}]><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><text>&h;</text></svg>`;
    await expect(readImage(bytesOf(bomb))).rejects.toMatchObject({ code: "INVALID_FILE" });
  });

  test("a header that promises a billion pixels is refused, with the limit and how to raise it", async () => {
    const png = await picture().png().toBuffer();
    png.writeUInt32BE(40_000, 16);
    png.writeUInt32BE(25_000, 20);
    // libpng checks the header's sum before anything else.
    png.writeUInt32BE(crc32(png.subarray(12, 29)), 29);
    await expect(readImage(png)).rejects.toThrow(
      "expected at most 100000000 pixels, found 40000x25000 = 1000000000. Scale the picture down, or raise `maxPixels`",
    );
  });

  test("of a film of 2000 pictures the first is read", async () => {
    const film = Uint8Array.from({ length: 16 * 16 * 3 * 2000 }, (_, i) => (i * 31 + (i >> 10)) % 251);
    const gif = await sharp(film, { raw: { width: 16, height: 16 * 2000, channels: 3, pageHeight: 16 } })
      .gif({ loop: 0 })
      .toBuffer();
    expect((await sharp(gif).metadata()).pages).toBe(2000);
    expect(await readImage(gif)).toMatchObject({ width: 16, height: 16 });
  });
});

describe.skipIf(process.platform === "win32")("a file without end", () => {
  test.each(["/dev/zero", "/dev/null"])("%s is refused by kind", async (path) => {
    await expect(readImage(path)).rejects.toThrow(`${path}: expected a picture, found a device or a pipe.`);
  });

  test("a pipe is refused before it is opened", async () => {
    const path = join(folder, "pipe.png");
    execFileSync("mkfifo", [path]);
    await expect(readImage(path)).rejects.toThrow("expected a picture, found a device or a pipe");
  });
});
