/** The pictures of a run: which ones, in which order, how they are cut, and in which phase. */
import { copyFile, mkdir, rm, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import {
  ascending,
  at,
  batches,
  count,
  cropsOf,
  facts,
  idsOf,
  open,
  opened,
} from "../../test/train/opened-data.ts";
import { smallConfig, type Section } from "../../test/train/small-recipe.ts";
import { parseRecipe } from "../recipe/index.ts";
import { openData } from "./training-data.ts";

describe("the pictures of a run", () => {
  it("are recorded with those that are held out, under their names below the folder", async () => {
    const { data, leftOut } = await open({ validation_count: 2 });
    expect(data.record!.map(({ name }) => name)).toEqual(
      Array.from({ length: count }, (_, id) => `${id}.png`),
    );
    expect(data.record!.every(({ byteLength, digest }) => byteLength! > 0 && digest.length === 8)).toBe(true);
    expect(leftOut).toHaveLength(1);
    expect(leftOut[0]![0]).toBe(at("pictures"));
  });

  it("come from a list, in whose folder their names are recorded", async () => {
    await writeFile(at("list.txt"), "pictures/2.png\npictures/0.png\n");
    const { data } = await open({ type: "list", path: at("list.txt") });
    expect(data.record!.map(({ name }) => name)).toEqual(["pictures/2.png", "pictures/0.png"]);
    expect(ascending(idsOf(await data.source.batch(0)))).toEqual([0, 2]);
  });

  it("are shuffled, cut and mirrored by the seed", async () => {
    const look = async (section: Section, rest: Section = {}): Promise<[number[], string[]]> => {
      const { data } = await open(section, { batch_size: count, ...rest });
      const [first, second] = await batches(data.source, [0, 1]);
      return [
        [...idsOf(first!), ...idsOf(second!)],
        [...cropsOf(first!), ...cropsOf(second!)],
      ];
    };
    const [ids, crops] = await look({});
    expect(await look({})).toEqual([ids, crops]);
    expect(ids.slice(0, count)).not.toEqual(ids.slice(count));
    expect(new Set(crops).size).toBeGreaterThan(4);
    expect(crops.some((each) => each.endsWith("mirrored"))).toBe(true);
    const [otherIds, otherCrops] = await look({}, { seed: 1 });
    expect(otherIds).not.toEqual(ids);
    expect(otherCrops).not.toEqual(crops);
    const [, upright] = await look({ flip: false });
    expect(upright.every((each) => each.endsWith("upright"))).toBe(true);
    const [, central] = await look({ crop: "center", flip: false });
    expect(new Set(central)).toEqual(new Set(["20 10 upright"]));
  });

  it("are in an epoch's last batch, if that is kept", async () => {
    expect((await open({}, { batch_size: 4 })).data.source.batchesPerEpoch).toBe(1);
    const { data } = await open({ keep_last: true }, { batch_size: 4 });
    expect(data.source.batchesPerEpoch).toBe(2);
    expect((await data.source.batch(1)).shape[0]).toBe(3);
  });

  it("come in the order of the run where it draws one, which is not asked for ahead", async () => {
    const asked: number[] = [];
    const order = (epoch: number, examples: number): number[] => {
      asked.push(epoch);
      return Array.from({ length: examples }, (_, i) => examples - 1 - i);
    };
    const { data } = await open({}, { batch_size: 3 }, { order });
    expect(idsOf(await data.source.batch(0))).toEqual([6, 5, 4]);
    expect(idsOf(await data.source.batch(1))).toEqual([3, 2, 1]);
    expect(asked).toEqual([0]);
  });

  it("that cannot be read are told of, once in the training and not in a review", async () => {
    await writeFile(at("pictures", "x.png"), "no picture");
    try {
      const { data, skipped } = await open({}, { batch_size: count + 1 });
      const batch = await data.source.batch(0);
      expect(new Set(idsOf(batch))).toEqual(new Set([0, 1, 2, 3, 4, 5, 6]));
      expect(skipped).toEqual([at("pictures", "x.png")]);
      const review = await data.openForReview();
      opened.push(review);
      await review.batch(0);
      expect(skipped).toHaveLength(1);
    } finally {
      await rm(at("pictures", "x.png"));
    }
  });

  it("can be looked at again as they were trained on, without a change of the training", async () => {
    const { data } = await open({ validation_count: 2, flip: true });
    const first = await data.source.batch(0);
    const review = await data.openForReview();
    opened.push(review);
    expect(review.exampleCount).toBe(count - 2);
    expect(await review.batch(0)).toEqual(first);
    expect(await data.source.batch(1)).toEqual(await review.batch(1));
  });

  it("start an initialisation at 128 pixels, at most 64 of them, without those that validate", async () => {
    const { data } = await open({ validation_count: 3, channels: 1, range: "unit" });
    const pictures = await data.initialPictures();
    expect(pictures.shape).toEqual([4, 1, 128, 128]);
    expect(Math.min(...pictures.data)).toBeGreaterThanOrEqual(0);
    // Enlarged, but cut as they are where there is no short side: some of each picture is missing.
    const whole = await open({ short_side: 8, crop: "center" });
    expect((await whole.data.initialPictures()).shape).toEqual([count, 3, 128, 128]);
    await mkdir(at("many"));
    for (let i = 0; i < 65; i++) await copyFile(at("pictures", "0.png"), at("many", `${i}.png`));
    const many = await open({ path: at("many"), channels: 1 });
    expect((await many.data.initialPictures()).shape).toEqual([64, 1, 128, 128]);
  });
});

describe("phases", () => {
  const phases = [
    { step: 2, resolution: 4, batch_size: 3 },
    { step: 3, resolution: 6, batch_size: 1 },
  ];

  it("begin with the batch of their step, in batches of their own size", async () => {
    const { data } = await open({}, { phases, accumulate: 2 });
    const shapes = (await batches(data.source, [0, 3, 4, 5, 6])).map(({ shape }) => shape);
    expect(shapes).toEqual([
      [2, 3, 8, 8],
      [2, 3, 8, 8],
      [3, 3, 4, 4],
      [3, 3, 4, 4],
      [1, 3, 6, 6],
    ]);
  });

  it("have crops and an order of their own", async () => {
    const same = [1, 2].map((step) => ({ step, resolution: 8, batch_size: count }));
    const { data } = await open({}, { phases: same, batch_size: count });
    const [first, second, third] = (await batches(data.source, [0, 1, 2])).map((batch) =>
      [...idsOf(batch), ...cropsOf(batch)].join(),
    );
    expect(new Set([first, second, third]).size).toBe(3);
    // The second phase begins as a run of the next seed does.
    const next = await open({}, { seed: 1, batch_size: count });
    const [other] = await batches(next.data.source, [0]);
    expect([...idsOf(other!), ...cropsOf(other!)].join()).toBe(second);
  });
});

it("tensors are no data of a run with a folder", async () => {
  const recipe = parseRecipe({
    model: { config: smallConfig },
    data: { type: "tensors", height: 8, width: 8 },
  });
  const options = { order: undefined, facts, onSkip: () => undefined, onLeftOut: () => undefined };
  await expect(openData(recipe, options)).rejects.toMatchObject({
    code: "INVALID_CONFIG",
    message: expect.stringMatching(/^data\.type: tensors come from a program/) as string,
  });
});
