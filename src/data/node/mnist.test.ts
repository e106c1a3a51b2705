import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { listedOrder } from "../epoch-order.ts";
import { readIdxImages } from "./idx-images.ts";
import { openMnist } from "./mnist.ts";

/** `count` pictures of 2x3 pixels: the picture i is filled with 10 * i, but for its last pixel, 255. */
function idxFile(count: number): Uint8Array {
  const bytes = new Uint8Array(16 + count * 6);
  const view = new DataView(bytes.buffer);
  [0x803, count, 2, 3].forEach((word, i) => {
    view.setUint32(4 * i, word);
  });
  for (let i = 0; i < count; i++) {
    bytes.fill(10 * i, 16 + i * 6, 22 + i * 6);
    bytes[21 + i * 6] = 255;
  }
  return bytes;
}

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vaekit-mnist-"));
  await writeFile(join(folder, "train-images-idx3-ubyte.gz"), gzipSync(idxFile(10)));
  await writeFile(join(folder, "t10k-images-idx3-ubyte"), idxFile(4));
});
afterAll(() => rm(folder, { recursive: true }));

describe("openMnist", () => {
  test("reads both splits, gzipped or plain, as pictures or as rows", async () => {
    const train = await openMnist(folder, { batchSize: 4, order: listedOrder });
    expect([train.exampleCount, train.batchesPerEpoch]).toEqual([10, 2]);
    const batch = await train.batch(1);
    expect(batch.shape).toEqual([4, 1, 2, 3]);
    expect(batch.data.subarray(0, 6)).toEqual(Float32Array.of(40, 40, 40, 40, 40, 255).map((v) => v / 255));
    const test = await openMnist(folder, {
      split: "test",
      batchSize: 4,
      order: listedOrder,
      flatten: true,
      range: "signed",
    });
    const rows = await test.batch(0);
    expect(rows.shape).toEqual([4, 6]);
    expect([...rows.data.subarray(0, 6)]).toEqual([-1, -1, -1, -1, -1, 1]);
  });

  test("keeps a smaller last batch when told", async () => {
    const source = await openMnist(folder, { batchSize: 4, order: listedOrder, keepLast: true });
    expect(source.batchesPerEpoch).toBe(3);
    expect((await source.batch(2)).shape).toEqual([2, 1, 2, 3]);
    expect((await source.batch(3)).shape).toEqual([4, 1, 2, 3]);
  });

  test("reads a part of the split", async () => {
    const source = await openMnist(folder, { batchSize: 2, order: listedOrder, part: { from: 8 } });
    expect(source.exampleCount).toBe(2);
    expect((await source.batch(0)).data[0]).toBe(Math.fround(80 / 255));
    const outside = openMnist(folder, { batchSize: 2, part: { from: 8, to: 11 } });
    await expect(outside).rejects.toThrow("within 0 to 10");
  });

  test("gives the same batches for the same seed in any order, and others for another", async () => {
    const open = (seed: number) => openMnist(folder, { batchSize: 4, seed, binarize: true });
    const [one, again, other] = [await open(1), await open(1), await open(2)];
    const forwards = [await one.batch(0), await one.batch(1), await one.batch(2)];
    expect(await again.batch(2)).toEqual(forwards[2]);
    expect(await again.batch(0)).toEqual(forwards[0]);
    expect(await other.batch(0)).not.toEqual(forwards[0]);
  });

  test("binarizes anew in every batch, with the grey level as the probability", async () => {
    const source = await openMnist(folder, { batchSize: 10, order: listedOrder, binarize: true });
    const means = new Float64Array(60);
    const rounds = 2000;
    for (let i = 0; i < rounds; i++) {
      const { data } = await source.batch(i);
      expect(data.every((value) => value === 0 || value === 1)).toBe(true);
      data.forEach((value, pixel) => (means[pixel] = means[pixel]! + value / rounds));
    }
    const expected = idxFile(10)
      .subarray(16)
      .map((v) => v);
    // Five standard errors of a mean over 2000 coins.
    expect(means).toBeAllclose(
      Float64Array.from(expected, (v) => v / 255),
      { absolute: 0.055 },
    );
  });

  test("gives grey pictures of [0, 1] and full batches unless told otherwise, in the order of seed 0", async () => {
    const plain = await openMnist(folder, { batchSize: 4 });
    expect(plain.batchesPerEpoch).toBe(2);
    const spelt = await openMnist(folder, {
      ...{ batchSize: 4, split: "train", seed: 0, binarize: false, range: "unit", flatten: false },
      keepLast: false,
    });
    for (const index of [0, 1, 2]) expect(await plain.batch(index)).toEqual(await spelt.batch(index));
    await plain.dispose();
  });

  test("binarizes to -1 and 1 with the same coins as to 0 and 1", async () => {
    const open = (range: "signed" | "unit") =>
      openMnist(folder, { batchSize: 10, order: listedOrder, binarize: true, range });
    const [unit, signed] = [await (await open("unit")).batch(3), await (await open("signed")).batch(3)];
    expect(new Set(unit.data)).toEqual(new Set([0, 1]));
    expect(signed.data).toEqual(unit.data.map((value) => 2 * value - 1));
    // The last pixel of each is white, with a probability of 1.
    expect(unit.data[5]).toBe(1);
  });

  test("never changes its coins: a run that is resumed in ten years sees the same digits", async () => {
    const source = await openMnist(folder, { batchSize: 10, order: listedOrder, binarize: true, seed: 1 });
    const { data } = await source.batch(2);
    expect(data.subarray(48, 60).join("")).toBe("010011001101");
  });

  test.each(["train-images.idx3-ubyte", "train-images.idx3-ubyte.gz"])("finds %s", async (name) => {
    const other = await mkdtemp(join(tmpdir(), "vaekit-mnist-dots-"));
    await mkdir(join(other, "train-images-idx3-ubyte"));
    const bytes = idxFile(3);
    await writeFile(join(other, name), name.endsWith(".gz") ? gzipSync(bytes) : bytes);
    expect((await openMnist(other, { batchSize: 3 })).exampleCount).toBe(3);
    await rm(other, { recursive: true });
  });

  test.each<[object, number | undefined]>([
    [{ from: 0, to: 10 }, 10],
    [{ from: 9 }, 1],
    [{ to: 1 }, 1],
    [{ from: 10 }, undefined],
    [{ from: -1 }, undefined],
    [{ from: 3, to: 3 }, undefined],
    [{ from: 0.5 }, undefined],
    [{ to: 11 }, undefined],
  ])("takes or refuses the part %j", async (part, count) => {
    const opening = openMnist(folder, { batchSize: 1, part });
    if (count !== undefined) expect((await opening).exampleCount).toBe(count);
    else await expect(opening).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  test("names the file that a folder lacks", async () => {
    await expect(openMnist(join(folder, "nowhere"), { batchSize: 1 })).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: expect.stringContaining("train-images-idx3-ubyte.gz") as string,
    });
  });

  test("refuses a batch larger than the data", async () => {
    await expect(openMnist(folder, { batchSize: 11 })).rejects.toThrow("10, found 11");
  });
});

describe("readIdxImages refuses", () => {
  test.each([
    ["labels", () => Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), "(a file of labels)"],
    ["a file cut short", () => idxFile(3).slice(0, 30), "expected 34 bytes for 3 pictures of 2x3, found 30"],
    ["a file without pictures", () => idxFile(0), "for 0 pictures"],
    ["an empty file", () => new Uint8Array(), "found 0 bytes"],
    [
      "a file of pictures without a pixel",
      () => Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2),
      "of 0x2",
    ],
    ["a file with a byte too many", () => Uint8Array.of(...idxFile(1), 0), "found 23"],
    ["another kind of file", () => new Uint8Array(16).fill(1), "found 0x01010101."],
    ["the beginning of one", () => idxFile(1).slice(0, 15), "which begin with 0x00000803, found 0x00000803."],
    ["half a gzip file", () => gzipSync(idxFile(3)).subarray(0, 20), "expected a whole gzip file"],
  ])("%s", async (_, bytes, message) => {
    const path = join(folder, "damaged");
    await writeFile(path, bytes());
    await expect(readIdxImages(path)).rejects.toMatchObject({
      code: "INVALID_FILE",
      message: expect.stringContaining(message) as string,
    });
  });
});
