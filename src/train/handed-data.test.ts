import { describe, expect, it } from "vitest";
import type { ModelFacts } from "../models/index.ts";
import { recipeForTensors } from "../recipe/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import { firstPictures, HandedBatches, sizeOf, type HandedData } from "./handed-data.ts";

type Section = Readonly<Record<string, unknown>>;

/** Pictures [count, 1, 2, 4] of which each is filled with its number. */
const numbered = (count: number): Tensor<"float32"> =>
  Tensor.from(
    Float32Array.from({ length: count * 8 }, (_, i) => Math.floor(i / 8)),
    [count, 1, 2, 4],
  );
const numbersOf = ({ data, shape }: Tensor<"float32">): number[] =>
  Array.from({ length: shape[0]! }, (_, i) => data[(i * data.length) / shape[0]!]!);

const pixels = { layout: "pixels", spatialFactor: 2 } as unknown as ModelFacts;
const rows = { layout: "rows", spatialFactor: 1 } as unknown as ModelFacts;

async function open(
  data: HandedData,
  sections: Section = {},
  facts = pixels,
  order?: (epoch: number, count: number) => ArrayLike<number>,
): Promise<HandedBatches> {
  const first = await firstPictures(data);
  const config = { block_out_channels: [4, 4], norm_num_groups: 2 };
  const recipe = recipeForTensors(
    { model: { config }, batch_size: 2, ...sections },
    { channels: 1, height: 2, width: 4 },
    "recipe",
  );
  return new HandedBatches(data, first, recipe, { facts, order });
}

const refusal = async (work: () => unknown): Promise<unknown> =>
  Promise.resolve()
    .then(work)
    .then(
      () => "taken",
      (error: unknown) => (error as Error).message,
    );

describe("the first pictures", () => {
  it("are the tensor, or what the function gives first, as float32", async () => {
    const asked: number[] = [];
    expect(await firstPictures(numbered(3))).toEqual(numbered(3));
    const first = await firstPictures((index) => {
      asked.push(index);
      return Promise.resolve(Tensor.from(Float64Array.of(1, 2), [1, 2]));
    });
    expect([first.dtype, asked]).toEqual(["float32", [0]]);
  });

  it("tell the size of all; of rows, each value is a channel", () => {
    expect(sizeOf(numbered(1))).toEqual({ channels: 1, height: 2, width: 4 });
    expect(sizeOf(Tensor.zeros([3, 7]))).toEqual({ channels: 7, height: 1, width: 1 });
  });

  it.each([[[2, 3, 4]], [[2]], [[0, 1, 2, 4]], [[1, 0]], [[1, 1, 1, 2, 4]]])(
    "are none of %j",
    async (shape) => {
      expect(await refusal(() => firstPictures(Tensor.zeros(shape)))).toBe(
        `Trainer: data: expected pictures [N, C, H, W], or rows [N, D], found [${shape.join(", ")}].`,
      );
    },
  );
});

describe("batches of a tensor", () => {
  it("hold each picture once in an epoch, in an order of the seed, or in the run's own", async () => {
    const take = async (sections: Section, order?: (epoch: number, count: number) => number[]) => {
      const data = await open(numbered(6), sections, pixels, order);
      const found: number[] = [];
      for (let index = 0; index < 6; index++) found.push(...numbersOf(await data.batch(index)));
      return found;
    };
    const drawn = await take({});
    expect([...drawn.slice(0, 6)].sort()).toEqual([0, 1, 2, 3, 4, 5]);
    expect(drawn.slice(6)).not.toEqual(drawn.slice(0, 6));
    expect(await take({})).toEqual(drawn);
    expect(await take({ seed: 1 })).not.toEqual(drawn);
    const backwards = (_: number, count: number): number[] =>
      Array.from({ length: count }, (_, i) => count - 1 - i);
    expect(await take({}, backwards)).toEqual([5, 4, 3, 2, 1, 0, 5, 4, 3, 2, 1, 0]);
  });

  it("leave out an epoch's last one that is not full, unless it is kept", async () => {
    expect((await open(numbered(5))).batchesPerEpoch).toBe(2);
    const kept = await open(numbered(5), { data: { keep_last: true } });
    expect(kept.batchesPerEpoch).toBe(3);
    expect((await kept.batch(2)).shape).toEqual([1, 1, 2, 4]);
  });

  it("are looked at again in the order of the tensor, all of them", async () => {
    const data = await open(numbered(5));
    const review = data.review(numbered(5));
    expect(review.batchesPerEpoch).toBe(3);
    const found: number[] = [];
    for (const index of [0, 1, 2]) found.push(...numbersOf(await review.batch(index)));
    expect(found).toEqual([0, 1, 2, 3, 4]);
    const asRows = await open(numbered(5), {}, rows);
    expect((await asRows.review(numbered(5)).batch(0)).shape).toEqual([2, 8]);
    expect((await asRows.batch(0)).shape).toEqual([2, 8]);
  });
});

describe("batches of a function", () => {
  it("are asked for by number, of nobody knows how many, and again for a review", async () => {
    const asked: number[] = [];
    const data = await open((index) => {
      asked.push(index);
      return numbered(index + 1);
    });
    expect(data.batchesPerEpoch).toBeUndefined();
    expect((await data.batch(2)).shape[0]).toBe(3);
    const review = data.review(numbered(1));
    expect(review.batchesPerEpoch).toBe(Infinity);
    expect((await review.batch(1)).shape[0]).toBe(2);
    expect(asked).toEqual([0, 2, 1]);
  });

  it("are refused by number when they are no tensors", async () => {
    const data = await open((index) => (index === 1 ? (7 as never) : numbered(2)));
    expect(await refusal(() => data.batch(1))).toContain("Trainer: data: batch 1: expected");
  });
});

describe("pictures", () => {
  it.each([
    [[2, 1, 4, 6], true],
    [[1, 1, 2, 2], true],
    [[0, 1, 2, 4], false],
    [[1, 3, 2, 4], false],
    [[1, 1, 3, 4], false],
    [[1, 1, 2, 3], false],
    [[1, 1, 0, 4], false],
    [[2, 8], false],
  ])("%j for a model of pictures: %s", async (shape, fits) => {
    const data = await open(numbered(2));
    const message = `Trainer: data: expected pictures [N, 1, H, W] with sides that are multiples of 2, found [${shape.join(", ")}].`;
    expect(await refusal(() => data.laidOut(Tensor.zeros(shape)))).toBe(fits ? "taken" : message);
  });

  it.each([
    [[3, 8], true],
    [[3, 1, 2, 4], true],
    [[3, 2, 4], true],
    [[0, 8], false],
    [[2, 7], false],
    [[8], false],
  ])("%j for a model of rows: %s", async (shape, fits) => {
    const data = await open(numbered(2), {}, rows);
    const message = `Trainer: data: expected pictures of 8 values each, [N, 8], found [${shape.join(", ")}].`;
    expect(await refusal(() => data.laidOut(Tensor.zeros(shape)))).toBe(fits ? "taken" : message);
  });
});

describe("pictures outside of what a loss is defined for", () => {
  const mlp = { model: { type: "mlp", input_size: 8 } };
  const likelihood = (distribution: string): Section => ({
    ...mlp,
    loss: { likelihood: { distribution, levels: 16 } },
  });
  const holding = (value: number): Tensor<"float32"> =>
    Tensor.from(
      numbered(2).data.map((_, i) => (i === 11 ? value : 0.5)),
      [2, 8],
    );

  it.each<[string, Section, number, boolean]>([
    ["cross-entropy takes the ends of [0, 1]", mlp, 1, true],
    ["cross-entropy refuses less than 0", mlp, -0.25, false],
    ["cross-entropy refuses more than 1", mlp, 1.5, false],
    ["levels are refused outside of their range", likelihood("discretized_logistic"), 1.5, false],
    ["levels of their own are refused there, too", likelihood("categorical"), 1.5, false],
    ["a density takes any number", likelihood("normal"), 1.5, true],
    ["squared errors take any number", { ...mlp, loss: { reconstruction: "mse" } }, 1.5, true],
  ])("%s", async (_, sections, value, fits) => {
    const found = await refusal(() => open(holding(value), sections, rows));
    if (fits) expect(found).toBe("taken");
    else expect(found).toMatch(new RegExp(`expected values from 0 to 1, as loss\\..* found ${value}`));
  });
});
