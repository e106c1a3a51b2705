import { copyFile, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import sharp from "sharp";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { BatchSource } from "../data/index.ts";
import type { LeftOut } from "../data/node/index.ts";
import type { ModelFacts } from "../models/index.ts";
import { parseRecipe } from "../recipe/index.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { openData, type TrainingData } from "./training-data.ts";

type Floats = Tensor<"float32">;
type Section = Readonly<Record<string, unknown>>;

const [width, height, count] = [12, 10, 7];
let folder = "";
const at = (...names: string[]): string => join(folder, ...names);

/** A picture whose red tells the column, whose green tells the row, and whose blue tells which one it is. */
async function writePicture(path: string, id: number): Promise<void> {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const pixel = Math.floor(i / 3);
    return [10 * (pixel % width), 10 * Math.floor(pixel / width), 10 * id][i % 3]!;
  });
  await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toFile(path);
}

/** `count` pictures of 28 x 28 in MNIST's format: picture i is filled with `first` + i. */
function idxFile(pictures: number, first: number): Uint8Array {
  const bytes = new Uint8Array(16 + pictures * 784);
  const view = new DataView(bytes.buffer);
  [0x803, pictures, 28, 28].forEach((word, i) => {
    view.setUint32(4 * i, word);
  });
  for (let i = 0; i < pictures; i++) bytes.fill(first + i, 16 + i * 784, 16 + (i + 1) * 784);
  return bytes;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vaekit-training-data-"));
  for (const name of ["pictures", "others", "digits", "other-digits"]) await mkdir(at(name));
  for (let id = 0; id < count; id++) await writePicture(at("pictures", `${id}.png`), id);
  for (const id of [20, 21]) await writePicture(at("others", `${id}.png`), id);
  await writeFile(at("digits", "train-images-idx3-ubyte"), idxFile(6, 100));
  await writeFile(at("digits", "t10k-images-idx3-ubyte"), idxFile(5, 200));
  await writeFile(at("other-digits", "t10k-images-idx3-ubyte"), idxFile(3, 50));
});
afterAll(() => rm(folder, { recursive: true }));

const opened: BatchSource[] = [];
afterEach(async () => {
  for (const source of opened.splice(0)) await source.dispose();
});

const config = {
  block_out_channels: [4, 4],
  latent_channels: 2,
  norm_num_groups: 2,
  mid_block_add_attention: false,
};
const facts = { spatialFactor: 2, layout: "pixels" } as unknown as ModelFacts;

interface Watched {
  readonly data: TrainingData;
  readonly skipped: string[];
  readonly leftOut: [folder: string, leftOut: LeftOut][];
}

/** The data of a recipe that is small but for these sections. */
async function open(
  data: Section,
  rest: Section = {},
  options: Partial<Parameters<typeof openData>[1]> = {},
): Promise<Watched> {
  const model = data["type"] === "mnist" ? { type: "mlp" } : { config };
  const defaults = data["type"] === "mnist" ? {} : { path: at("pictures"), resolution: 8 };
  const recipe = parseRecipe({ model, batch_size: 2, ...rest, data: { ...defaults, ...data } });
  const skipped: string[] = [];
  const leftOut: Watched["leftOut"] = [];
  const found = await openData(recipe, {
    order: undefined,
    facts,
    onSkip: (path) => skipped.push(path),
    onLeftOut: (...told) => leftOut.push(told),
    ...options,
  });
  opened.push(found.source);
  return { data: found, skipped, leftOut };
}

/** What a sample of [-1, 1] was as a byte. */
const byteOf = (value: number): number => Math.round(127.5 * (value + 1));

/** Pixel (row, column) of one channel of one picture of a batch, as a byte. */
function pixelOf(batch: Floats, slot: number, channel: number, row = 0, column = 0): number {
  const [, channels = 0, rows = 0, columns = 0] = batch.shape;
  return byteOf(batch.data[((slot * channels + channel) * rows + row) * columns + column]!);
}

/** Which pictures a batch holds. */
const idsOf = (batch: Floats): number[] =>
  Array.from({ length: batch.shape[0]! }, (_, slot) => pixelOf(batch, slot, 2) / 10);

/** The left edge of each picture's crop, and whether it is mirrored. */
const cropsOf = (batch: Floats): string[] =>
  Array.from({ length: batch.shape[0]! }, (_, slot) => {
    const [first, second] = [pixelOf(batch, slot, 0), pixelOf(batch, slot, 0, 0, 1)];
    return `${first} ${pixelOf(batch, slot, 1)} ${first > second ? "mirrored" : "upright"}`;
  });

async function batches(source: Pick<BatchSource, "batch">, numbers: readonly number[]): Promise<Floats[]> {
  const found: Floats[] = [];
  for (const number of numbers) found.push(await source.batch(number));
  return found;
}

async function all(samples: AsyncIterable<Floats>): Promise<Floats[]> {
  const found: Floats[] = [];
  for await (const sample of samples) found.push(sample);
  return found;
}

const ascending = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);

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

it("tensors are no data of a run with a folder", async () => {
  const recipe = parseRecipe({ model: { config }, data: { type: "tensors", height: 8, width: 8 } });
  const options = { order: undefined, facts, onSkip: () => undefined, onLeftOut: () => undefined };
  await expect(openData(recipe, options)).rejects.toMatchObject({
    code: "INVALID_CONFIG",
    message: expect.stringMatching(/^data\.type: tensors come from a program/) as string,
  });
});
