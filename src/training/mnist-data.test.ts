/** Digits in MNIST's format, to train on and to judge by. */
import { mkdir, writeFile } from "node:fs/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { idxFile } from "../../test/train/made-up-digits.ts";
import {
  all,
  ascending,
  at,
  batches,
  facts,
  open,
  type Floats,
  type Watched,
} from "../../test/train/opened-data.ts";
import type { Section } from "../../test/train/small-recipe.ts";

/** Pictures of one grey each: picture i is filled with `first` + i. */
const greys = (pictures: number, first: number): Uint8Array =>
  idxFile(Uint8Array.from({ length: pictures * 784 }, (_, i) => first + Math.floor(i / 784)));

beforeAll(async () => {
  for (const name of ["digits", "other-digits"]) await mkdir(at(name));
  await writeFile(at("digits", "train-images-idx3-ubyte"), greys(6, 100));
  await writeFile(at("digits", "t10k-images-idx3-ubyte"), greys(5, 200));
  await writeFile(at("other-digits", "t10k-images-idx3-ubyte"), greys(3, 50));
});

describe("digits", () => {
  const digits = (section: Section = {}, rest: Section = {}, options = {}): Promise<Watched> =>
    open({ type: "mnist", path: at("digits"), ...section }, rest, {
      facts: { ...facts, layout: "rows" },
      ...options,
    });
  const valuesOf = ({ data, shape }: Floats): number[] =>
    Array.from({ length: shape[0]! }, (_, row) => Math.round(255 * data[(row * data.length) / shape[0]!]!));

  it("are trained on in the seed's order, and judged by the test split in its own", async () => {
    const { data } = await digits({}, { batch_size: 6 });
    const [first, second] = await batches(data.source, [0, 1]);
    expect(first!.shape).toEqual([6, 784]);
    expect(ascending(valuesOf(first!))).toEqual([100, 101, 102, 103, 104, 105]);
    expect(valuesOf(second!)).not.toEqual(valuesOf(first!));
    expect(data.hasValidation).toBe(true);
    expect(data.record).toBeUndefined();
    const judged = await digits({}, { batch_size: 2 });
    expect((await all(judged.data.validation())).map(valuesOf)).toEqual([[200, 201], [202, 203], [204]]);
    const other = await digits({}, { batch_size: 6, seed: 3 });
    expect(valuesOf(await other.data.source.batch(0))).not.toEqual(valuesOf(first!));
  });

  it("validate in batches of validation.batch_size, and up to validation.images of them", async () => {
    const validation = { batch_size: 3, images: 3 };
    const { data } = await digits({}, { batch_size: 2, validation });
    expect((await all(data.validation())).map(valuesOf)).toEqual([[200, 201, 202]]);
    const more = await digits({}, { batch_size: 2, validation: { batch_size: 2, images: 3 } });
    // Whole batches: so many as hold three.
    expect((await all(more.data.validation())).flatMap(valuesOf)).toEqual([200, 201, 202, 203]);
    const every = await digits({}, { batch_size: 2, validation: { images: null } });
    expect((await all(every.data.validation())).flatMap(valuesOf)).toHaveLength(5);
  });

  it("validate with the digits of validation_path", async () => {
    const { data } = await digits({ validation_path: at("other-digits") }, { batch_size: 3 });
    expect((await all(data.validation())).flatMap(valuesOf)).toEqual([50, 51, 52]);
  });

  it("are pictures for a model of pictures, and have the recipe's range", async () => {
    const { data } = await digits({ range: "signed" }, { loss: { reconstruction: "mse" } }, { facts });
    const batch = await data.source.batch(0);
    expect(batch.shape).toEqual([2, 1, 28, 28]);
    expect(batch.data.every((value) => value < 0)).toBe(true);
  });

  it("are drawn anew as 0 or 1 where the recipe says so, but grey where an initialisation starts from them", async () => {
    const { data } = await digits({ binarize: true }, { batch_size: 6 });
    const batch = await data.source.batch(0);
    expect(new Set(batch.data)).toEqual(new Set([0, 1]));
    const initial = await data.initialPictures();
    expect(initial.shape).toEqual([6, 784]);
    expect(ascending(valuesOf(initial))).toEqual([100, 101, 102, 103, 104, 105]);
  });

  it("come in the order that the run draws", async () => {
    const order = (_epoch: number, examples: number): number[] =>
      Array.from({ length: examples }, (_, i) => examples - 1 - i);
    const { data } = await digits({ keep_last: true }, { batch_size: 4 }, { order });
    expect(valuesOf(await data.source.batch(0))).toEqual([105, 104, 103, 102]);
    expect(valuesOf(await data.source.batch(1))).toEqual([101, 100]);
    expect(valuesOf(await (await data.openForReview()).batch(0))).not.toEqual([105, 104, 103, 102]);
  });
});
