import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Tensor } from "../../tensor/tensor.ts";
import { listedOrder } from "../epoch-order.ts";
import { openImageFolder, type ImageFolder, type ImageFolderOptions } from "./image-folder.ts";
import { readValidationPictures, type ValidationPicture } from "./validation-pictures.ts";

let folder = "";
const opened: ImageFolder[] = [];
const at = (...names: string[]): string => join(folder, ...names);

/** 12x8 pixels whose red tells the column, whose green tells the row, and whose blue tells the picture. */
const samplesOf = (blue: number, width = 12, height = 8): Uint8Array =>
  Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const pixel = Math.floor(i / 3);
    return [(pixel % width) * 10, Math.floor(pixel / width) * 10, blue][i % 3]!;
  });

async function writePicture(path: string, blue: number, width = 12, height = 8): Promise<void> {
  const raw = { width, height, channels: 3 } as const;
  await sharp(samplesOf(blue, width, height), { raw })
    .png()
    .toFile(path);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vaekit-pictures-"));
  for (const name of ["sound", "mixed", "broken"]) await mkdir(at(name));
  for (let i = 0; i < 6; i++) await writePicture(at("sound", `${i}.png`), 40 * i);
  for (const i of [0, 2, 3]) await writePicture(at("mixed", `${i}.png`), 40 * i);
  await writeFile(at("mixed", "1.png"), "not a picture");
  await writeFile(at("mixed", "4.jpg"), "");
  await writeFile(at("broken", "a.png"), "not a picture");
  await writeFile(at("broken", "b.png"), "nor this");
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(async () => {
  for (const source of opened.splice(0)) await source.dispose();
});

async function open(name: string, options: Partial<ImageFolderOptions> = {}): Promise<ImageFolder> {
  const source = await openImageFolder(at(name), { batchSize: 2, resolution: 4, range: "unit", ...options });
  opened.push(source);
  return source;
}

/** The 8-bit samples of one channel of one picture of a batch. */
function plane(batch: Tensor<"float32">, slot: number, channel: number): number[] {
  const [, channels = 0, height = 0, width = 0] = batch.shape;
  const start = (slot * channels + channel) * height * width;
  return Array.from(batch.data.subarray(start, start + height * width), (value) => Math.round(value * 255));
}

describe("openImageFolder", () => {
  test("gives whole, upright, unmixed crops as [N, C, H, W]", async () => {
    const source = await open("sound", { batchSize: 3, order: listedOrder, seed: 1 });
    expect([source.exampleCount, source.batchesPerEpoch]).toEqual([6, 2]);
    const batch = await source.batch(1);
    expect(batch.shape).toEqual([3, 3, 4, 4]);
    for (const slot of [0, 1, 2]) {
      const [red, green, blue] = [0, 1, 2].map((channel) => plane(batch, slot, channel));
      const [left, top] = [red![0]!, green![0]!];
      expect(red).toEqual(Array.from({ length: 16 }, (_, i) => left + 10 * (i % 4)));
      expect(green).toEqual(Array.from({ length: 16 }, (_, i) => top + 10 * Math.floor(i / 4)));
      expect(new Set(blue)).toEqual(new Set([40 * (3 + slot)]));
    }
  });

  test("crops at every position and mirrors about half of the time", async () => {
    const source = await open("sound", { batchSize: 6, flip: true });
    const lefts = new Set<number>();
    const tops = new Set<number>();
    let mirrored = 0;
    for (let i = 0; i < 40; i++) {
      const batch = await source.batch(i);
      for (let slot = 0; slot < 6; slot++) {
        const red = plane(batch, slot, 0);
        if (red[0]! > red[1]!) mirrored++;
        lefts.add(Math.min(...red));
        tops.add(Math.min(...plane(batch, slot, 1)));
      }
    }
    expect([lefts.size, tops.size]).toEqual([9, 5]);
    // 240 coins: 120 within five standard deviations.
    expect(Math.abs(mirrored - 120)).toBeLessThan(39);
  });

  test("maps black to -1 and white to 1, or to 0 and 1", async () => {
    const signed = await (await open("sound", { range: "signed", seed: 3 })).batch(0);
    const unit = await (await open("sound", { range: "unit", seed: 3 })).batch(0);
    expect(signed.data).toBeAllclose(
      unit.data.map((value) => 2 * value - 1),
      { absolute: 1e-7 },
    );
    expect(Math.min(...signed.data)).toBeLessThan(0);
  });

  test("resizes the short side, and enlarges what is smaller than the crop", async () => {
    const centre = { crop: "center", order: listedOrder, batchSize: 1 } as const;
    const half = await (await open("sound", { ...centre, shortSide: 4 })).batch(0);
    // 6x4 after resizing: the middle four columns, two old ones to each.
    expect(plane(half, 0, 0).slice(0, 4)).toBeAllclose([25, 45, 65, 85], { absolute: 3 });
    const enlarged = await (await open("sound", { ...centre, resolution: 16 })).batch(0);
    expect(enlarged.shape).toEqual([1, 3, 16, 16]);
    expect(Math.max(...plane(enlarged, 0, 1))).toBeGreaterThan(60);
  });

  test("turns colour to grey when one channel is wanted", async () => {
    const batch = await (await open("sound", { channels: 1, crop: "center", order: listedOrder })).batch(0);
    expect(batch.shape).toEqual([2, 1, 4, 4]);
    // The pixel (4, 2) of the picture 0: luma of (40, 20, 0).
    expect(plane(batch, 0, 0)[0]).toBe(Math.round(0.299 * 40 + 0.587 * 20));
  });

  test("cuts, mirrors and resizes for one channel as for three", async () => {
    const options = { seed: 9, flip: true, resolution: 5, shortSide: 6 } as const;
    const colour = await (await open("sound", options)).batch(1);
    const grey = await (await open("sound", { ...options, channels: 1 })).batch(1);
    const [red, green, blue] = [0, 1, 2].map((channel) => plane(colour, 1, channel));
    const luma = red!.map((r, i) => Math.round(0.299 * r + 0.587 * green![i]! + 0.114 * blue![i]!));
    // Half a level for each rounding.
    expect(plane(grey, 1, 0)).toBeAllclose(luma, { absolute: 1 });
  });

  test("turns a picture upright by its EXIF orientation", async () => {
    await mkdir(at("turned"));
    const raw = { width: 12, height: 8, channels: 3 } as const;
    const picture = sharp(samplesOf(0), { raw }).withMetadata({ orientation: 6 });
    await picture.png().toFile(at("turned", "a.png"));
    const centre = { crop: "center", batchSize: 1, resolution: 8 } as const;
    const batch = await (await open("turned", centre)).batch(0);
    // A quarter turn clockwise: the old rows run from right to left.
    expect(plane(batch, 0, 1).slice(0, 8)).toEqual([70, 60, 50, 40, 30, 20, 10, 0]);
  });
});

describe("pictures of other kinds", () => {
  test("become 8-bit sRGB over white, resized", async () => {
    await mkdir(at("kinds"));
    const flat = (background: object) =>
      sharp({ create: { width: 16, height: 16, channels: 4, background } });
    await flat({ r: 9, g: 9, b: 9, alpha: 0 }).png().toFile(at("kinds", "a-transparent.png"));
    await flat({ r: 255, g: 255, b: 255, alpha: 1 })
      .flatten()
      .toColourspace("cmyk")
      .jpeg()
      .toFile(at("kinds", "b-cmyk.jpg"));
    const raw = { width: 16, height: 16, channels: 1 } as const;
    await sharp(new Uint16Array(256).fill(0x8080), { raw })
      .toColourspace("grey16")
      .png()
      .toFile(at("kinds", "c-grey16.png"));
    for (const shortSide of [null, 8]) {
      const options = { batchSize: 3, resolution: 8, shortSide, order: listedOrder };
      const source = await open("kinds", options);
      const batch = await source.batch(0);
      const means = [0, 1, 2].map((slot) => plane(batch, slot, 1).reduce((a, b) => a + b) / 64);
      expect(means).toBeAllclose([255, 255, 128], { absolute: 4 });
      expect(source.skippedCount).toBe(0);
    }
  });
});

describe("the batches of a picture folder", () => {
  test("are the same for a seed, whatever was read, cached or prefetched before", async () => {
    const options = { seed: 5, flip: true } as const;
    const reference = await open("sound", options);
    const expected: Tensor<"float32">[] = [];
    for (let i = 0; i < 9; i++) expected.push(await reference.batch(i));
    const variants: Partial<ImageFolderOptions>[] = [{ cacheMegabytes: 0 }, { prefetch: 0 }, { workers: 4 }];
    for (const variant of variants) {
      const source = await open("sound", { ...options, ...variant });
      for (const index of [7, 2, 3, 4, 8])
        expect((await source.batch(index)).equals(expected[index]!)).toBe(true);
    }
    const other = await open("sound", { ...options, seed: 6 });
    expect((await other.batch(0)).equals(expected[0]!)).toBe(false);
  });

  test("replace an unreadable file by the next one, tell of it once, and stay the same after a resume", async () => {
    const told: string[] = [];
    const options = { batchSize: 5, crop: "center", order: listedOrder } as const;
    const source = await open("mixed", {
      ...options,
      onSkip: (path, reason) => told.push(`${path.slice(folder.length + 1)}: ${reason}`),
    });
    const first = await source.batch(0);
    expect([0, 1, 2, 3, 4].map((slot) => plane(first, slot, 2)[0])).toEqual([0, 80, 80, 120, 0]);
    await source.batch(3);
    expect(told.sort()).toEqual([
      expect.stringMatching(/^mixed\/1\.png: .*unsupported image format/),
      "mixed/4.jpg: expected a picture, found an empty file",
    ]);
    expect([source.skippedCount, source.exampleCount, source.batchesPerEpoch]).toEqual([2, 3, 1]);
    const resumed = await open("mixed", { ...options, order: undefined, seed: 4 });
    const straight = await open("mixed", { ...options, order: undefined, seed: 4 });
    const third = [await straight.batch(0), await straight.batch(1), await straight.batch(2)][2]!;
    expect((await resumed.batch(2)).equals(third)).toBe(true);
  });

  test("end in one clear error when no file is readable", async () => {
    const source = await open("broken");
    await expect(source.batch(0)).rejects.toMatchObject({
      code: "INVALID_FILE",
      message: expect.stringContaining("at least one readable picture among 2 files, found none") as string,
    });
  });

  test("end with the disposal", async () => {
    const source = await open("sound");
    const underWay = source.batch(0);
    const refused = expect(underWay).rejects.toThrow("were disposed");
    await source.dispose();
    await refused;
    await expect(source.batch(1)).rejects.toThrow("were disposed");
  });

  test("are refused when the options contradict one another or the data", async () => {
    await expect(open("sound", { batchSize: 7 })).rejects.toThrow("number of examples, 6, found 7");
    await expect(open("sound", { shortSide: 3 })).rejects.toThrow("at least the resolution, 4, found 3");
    await expect(open("sound", { resolution: 0 })).rejects.toThrow("resolution to be a whole number");
    await expect(open("nowhere")).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  test.each<[Partial<ImageFolderOptions>, string | undefined]>([
    [{ resolution: 1 }, undefined],
    [{ resolution: 1.5 }, "resolution to be a whole number of at least 1, found 1.5"],
    [{ shortSide: 4 }, undefined],
    [{ shortSide: 0 }, "shortSide to be a whole number of at least 1, found 0"],
    [{ channels: 2 as never }, "channels to be 1 or 3, found 2"],
    [{ cacheMegabytes: 0 }, undefined],
    [{ cacheMegabytes: -1 }, "cacheMegabytes to be 0 or more, found -1"],
    [{ workers: 1 }, undefined],
    [{ workers: 0 }, "workers to be a whole number of at least 1, found 0"],
    [{ prefetch: 0 }, undefined],
    [{ prefetch: -1 }, "prefetch to be a whole number of at least 0, found -1"],
    [{ crop: "top" as never }, "crop to be random or center, found top"],
    [{ range: "byte" as never }, "range to be signed or unit, found byte"],
  ])("take or refuse %j", async (options, message) => {
    const opening = open("sound", options);
    if (message === undefined) expect((await opening).exampleCount).toBe(6);
    else {
      await expect(opening).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
        message: `pictures: expected ${message}.`,
      });
    }
  });

  test("have these defaults: random crops of colour in [-1, 1], never mirrored, full batches, seed 0", async () => {
    const plain = await openImageFolder(at("sound"), { batchSize: 4, resolution: 4 });
    const spelt = await openImageFolder(at("sound"), {
      ...{ batchSize: 4, resolution: 4, seed: 0, shortSide: null, crop: "random", flip: false },
      ...{ range: "signed", channels: 3, keepLast: false },
    });
    opened.push(plain, spelt);
    expect(plain.batchesPerEpoch).toBe(1);
    for (const index of [0, 1]) expect(await plain.batch(index)).toEqual(await spelt.batch(index));
    const mirrored = await open("sound", { range: "signed", batchSize: 4, flip: true });
    expect(await mirrored.batch(0)).not.toEqual(await plain.batch(0));
  });

  test("count a picture of too many pixels among the unreadable ones", async () => {
    const told: string[] = [];
    const options = { maxPixels: 12 * 8 - 1, onSkip: (path: string) => told.push(path) };
    await expect((await open("sound", options)).batch(0)).rejects.toMatchObject({ code: "INVALID_FILE" });
    // One error says of all of them.
    expect(told).toEqual([]);
    expect((await (await open("sound", { maxPixels: 12 * 8 })).batch(0)).shape[0]).toBe(2);
  });
});

async function collect(pictures: AsyncIterable<ValidationPicture>): Promise<ValidationPicture[]> {
  const out: ValidationPicture[] = [];
  for await (const picture of pictures) out.push(picture);
  return out;
}

describe("readValidationPictures", () => {
  test("gives whole pictures cut to multiples, without those unreadable, up to the limit", async () => {
    const told: string[] = [];
    const all = await collect(
      readValidationPictures(at("mixed"), { multipleOf: 8, onSkip: (path) => told.push(path) }),
    );
    expect(all.map(({ path }) => path)).toEqual([0, 2, 3].map((i) => at("mixed", `${i}.png`)));
    expect(told).toEqual([at("mixed", "1.png"), at("mixed", "4.jpg")]);
    expect(all[0]!.pixels.shape).toEqual([1, 3, 8, 8]);
    expect(all[0]!.pixels.data[0]).toBe(Math.fround(Math.fround(20 / 255) - 0.5) * 2);
    expect(await collect(readValidationPictures(at("mixed"), { limit: 2 }))).toHaveLength(2);
  });

  test("cuts the same centre as the batches do", async () => {
    const [picture] = await collect(
      readValidationPictures(at("sound"), { resolution: 5, shortSide: 6, limit: 1 }),
    );
    const source = await open("sound", {
      ...{ batchSize: 1, resolution: 5, shortSide: 6, crop: "center", range: "signed", order: listedOrder },
    });
    expect(picture!.pixels.equals(await source.batch(0))).toBe(true);
  });

  test("ends in one clear error when no file is readable", async () => {
    await expect(collect(readValidationPictures(at("broken")))).rejects.toMatchObject({
      code: "INVALID_FILE",
      message: expect.stringMatching(/among 2 files, found none; the first is \S+a\.png: .+\.$/) as string,
    });
  });

  test("gives whole pictures in colour and in [-1, 1] unless told otherwise", async () => {
    const [plain] = await collect(readValidationPictures(at("sound"), { limit: 1 }));
    expect(plain!.pixels.shape).toEqual([1, 3, 8, 12]);
    expect(plain!.pixels.data[0]).toBe(-1);
    const options = { limit: 1, range: "unit", channels: 1 } as const;
    const [grey] = await collect(readValidationPictures(at("sound"), options));
    expect(grey!.pixels.shape).toEqual([1, 1, 8, 12]);
    expect(grey!.pixels.data[0]).toBe(0);
  });

  test("leaves out what is smaller than a multiple, and pictures of too many pixels", async () => {
    const told: string[] = [];
    const options = { multipleOf: 9, onSkip: (_: string, reason: string) => told.push(reason) };
    await expect(collect(readValidationPictures(at("sound"), options))).rejects.toThrow("found none");
    expect(told[0]).toBe("expected at least 9 pixels a side, found 12x8");
    expect(await collect(readValidationPictures(at("sound"), { multipleOf: 8 }))).toHaveLength(6);
    const large = collect(readValidationPictures(at("sound"), { maxPixels: 95 }));
    await expect(large).rejects.toMatchObject({ code: "INVALID_FILE" });
    expect(await collect(readValidationPictures(at("sound"), { maxPixels: 96 }))).toHaveLength(6);
  });

  test.each<[object, string | undefined]>([
    [{ limit: 0 }, "limit to be a whole number above 0, found 0"],
    [{ shortSide: 0 }, "shortSide to be a whole number above 0, found 0"],
    [{ resolution: 1.5 }, "resolution to be a whole number above 0, found 1.5"],
    [{ multipleOf: -1 }, "multipleOf to be a whole number above 0, found -1"],
    [{ resolution: 6, multipleOf: 4 }, "the resolution to be a multiple of 4, found 6"],
    [{ resolution: 8, multipleOf: 4, limit: 1 }, undefined],
    [{ resolution: 6, shortSide: 5 }, "shortSide to be at least the resolution, 6, found 5"],
    [{ resolution: 6, shortSide: 6, limit: 1 }, undefined],
    [{ shortSide: null, limit: 1 }, undefined],
  ])("takes or refuses %j", async (options, message) => {
    const reading = collect(readValidationPictures(at("sound"), options));
    if (message === undefined) expect(await reading).toHaveLength(1);
    else {
      await expect(reading).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
        message: `validation pictures: expected ${message}.`,
      });
    }
  });
});
