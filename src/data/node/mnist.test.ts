import { mkdtemp, rm, writeFile } from "node:fs/promises";
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
