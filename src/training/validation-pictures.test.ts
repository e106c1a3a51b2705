/** The pictures that judge a run: those that are held out, and those of a folder of their own. */
import { mkdir, rename, rm } from "node:fs/promises";
import { relative } from "node:path";
import { describe, expect, it } from "vitest";
import {
  all,
  ascending,
  at,
  batches,
  count,
  cropsOf,
  facts,
  idsOf,
  open,
  pixelOf,
} from "../../test/train/opened-data.ts";

describe("pictures that are held out", () => {
  it("are the last ones, validate in their order, and are never trained on", async () => {
    const { data } = await open({ validation_count: 3 }, { batch_size: 4 });
    expect(data.hasValidation).toBe(true);
    expect(data.source.exampleCount).toBe(4);
    expect((await all(data.validation())).flatMap(idsOf)).toEqual([4, 5, 6]);
    const trained = await batches(data.source, [0, 1, 2]);
    for (const batch of trained) expect(ascending(idsOf(batch))).toEqual([0, 1, 2, 3]);
  });

  it("are none unless the recipe says so", async () => {
    const { data } = await open({});
    expect(data.hasValidation).toBe(false);
    expect(await all(data.validation()).catch(() => [])).toEqual([]);
    expect(data.source.exampleCount).toBe(count);
  });

  it("leave at least one picture to train on", async () => {
    const { data } = await open({ validation_count: count - 1 }, { batch_size: 1 });
    expect(idsOf(await data.source.batch(0))).toEqual([0]);
    await expect(open({ validation_count: count }, { batch_size: 1 })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: `data.validation_count: expected fewer than the 7 pictures of ${at("pictures")}, found 7.`,
    });
  });

  it("are the same at every validation, in the middle, whole and upright", async () => {
    const { data } = await open({ validation_count: 1 });
    const [first, again] = [await all(data.validation()), await all(data.validation())];
    expect(again).toEqual(first);
    expect(first[0]!.shape).toEqual([1, 3, 8, 8]);
    // 12 x 10 pixels: two columns and one row go on each side.
    expect(cropsOf(first[0]!)).toEqual(["20 10 upright"]);
  });

  it("are as many as validation.images, and as large as validation.resolution", async () => {
    const validation = { images: 2, resolution: 4 };
    const { data } = await open({ validation_count: 3 }, { validation });
    const found = await all(data.validation());
    expect(found.map(({ shape }) => shape)).toEqual([
      [1, 3, 4, 4],
      [1, 3, 4, 4],
    ]);
    expect(found.flatMap(idsOf)).toEqual([4, 5]);
    const every = await open({ validation_count: 3 }, { validation: { images: null } });
    expect(await all(every.data.validation())).toHaveLength(3);
  });

  it("are cut to a multiple of the model's factor, and are never smaller than one", async () => {
    for (const [spatialFactor, side] of [
      [4, 8],
      [3, 6],
      [16, 16],
    ] as const) {
      const { data } = await open({ validation_count: 1 }, {}, { facts: { ...facts, spatialFactor } });
      expect((await all(data.validation()))[0]!.shape).toEqual([1, 3, side, side]);
    }
  });

  it("are brought to data.short_side as those to train on, or to the validation's resolution above it", async () => {
    const { data } = await open({ validation_count: 1, short_side: 8 });
    // 12 x 10 becomes 10 x 8: the picture's first row is in it, which a crop of the picture as it is leaves out.
    expect(pixelOf((await all(data.validation()))[0]!, 0, 1)).toBeLessThan(5);
    const larger = await open({ validation_count: 1, short_side: 8 }, { validation: { resolution: 16 } });
    const [picture] = await all(larger.data.validation());
    expect(picture!.shape).toEqual([1, 3, 16, 16]);
    expect(pixelOf(picture!, 0, 1)).toBeLessThan(5);
    expect(pixelOf(picture!, 0, 1, 15)).toBeGreaterThan(85);
  });

  it("have the recipe's range and channels", async () => {
    const options = { validation_count: 1, range: "unit", channels: 1 };
    const { data } = await open(options);
    const [picture] = await all(data.validation());
    expect(picture!.shape).toEqual([1, 1, 8, 8]);
    expect(Math.min(...picture!.data)).toBeGreaterThan(0);
    expect((await data.source.batch(0)).shape).toEqual([2, 1, 8, 8]);
    expect(Math.min(...(await data.source.batch(0)).data)).toBeGreaterThanOrEqual(0);
  });
});

describe("a folder for validation", () => {
  it("takes the place of pictures that are held out", async () => {
    const { data, leftOut } = await open({ validation_path: at("others") }, { batch_size: count });
    expect(data.hasValidation).toBe(true);
    expect((await all(data.validation())).flatMap(idsOf)).toEqual([20, 21]);
    expect(ascending(idsOf(await data.source.batch(0)))).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(leftOut.map(([path]) => path)).toEqual([at("pictures"), at("others")]);
    expect(leftOut[0]![1].validation).toBe(0);
    expect(data.record!.map(({ name }) => name)).toEqual([
      ...Array.from({ length: count }, (_, id) => `${id}.png`),
      "validation: 20.png",
      "validation: 21.png",
    ]);
  });

  it("inside the other one is not trained on, and counted", async () => {
    await mkdir(at("pictures", "held"));
    await rename(at("pictures", "3.png"), at("pictures", "held", "3.png"));
    try {
      const { data, leftOut } = await open(
        { path: relative(process.cwd(), at("pictures")), validation_path: at("pictures", "held") },
        { batch_size: 6 },
      );
      expect(ascending(idsOf(await data.source.batch(0)))).toEqual([0, 1, 2, 4, 5, 6]);
      expect(leftOut[0]![1].validation).toBe(1);
      expect((await all(data.validation())).flatMap(idsOf)).toEqual([3]);
    } finally {
      await rename(at("pictures", "held", "3.png"), at("pictures", "3.png"));
      await rm(at("pictures", "held"), { recursive: true });
    }
  });

  it("is refused where it leaves nothing to train on", async () => {
    await expect(open({ validation_path: at("pictures") })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: "data.validation_path: expected other pictures than those of data.path, found the same 7.",
    });
  });
});
