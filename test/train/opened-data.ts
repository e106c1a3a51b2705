/** The data of recipes, opened and closed again, and what its batches hold. Importing it makes a folder of pictures. */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, afterEach, beforeAll } from "vitest";
import type { BatchSource } from "../../src/data/index.ts";
import type { LeftOut } from "../../src/data/node/index.ts";
import type { ModelFacts } from "../../src/models/index.ts";
import { parseRecipe } from "../../src/recipe/index.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { openData, type TrainingData } from "../../src/training/training-data.ts";
import { smallConfig, type Section } from "./small-recipe.ts";

export type Floats = Tensor<"float32">;

const [width, height] = [12, 10];

/** How many pictures there are. */
export const count = 7;

let folder = "";
export const at = (...names: string[]): string => join(folder, ...names);

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

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vaekit-training-data-"));
  for (const name of ["pictures", "others"]) await mkdir(at(name));
  for (let id = 0; id < count; id++) await writePicture(at("pictures", `${id}.png`), id);
  for (const id of [20, 21]) await writePicture(at("others", `${id}.png`), id);
});
afterAll(() => rm(folder, { recursive: true }));

/** What a test opens, to be closed when it ends. */
export const opened: BatchSource[] = [];
afterEach(async () => {
  for (const source of opened.splice(0)) await source.dispose();
});

export const facts = { spatialFactor: 2, layout: "pixels" } as unknown as ModelFacts;

export interface Watched {
  readonly data: TrainingData;
  readonly skipped: string[];
  readonly leftOut: [folder: string, leftOut: LeftOut][];
}

/** The data of a recipe that is small but for these sections. */
export async function open(
  data: Section,
  rest: Section = {},
  options: Partial<Parameters<typeof openData>[1]> = {},
): Promise<Watched> {
  const model = data["type"] === "mnist" ? { type: "mlp" } : { config: smallConfig };
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
export function pixelOf(batch: Floats, slot: number, channel: number, row = 0, column = 0): number {
  const [, channels = 0, rows = 0, columns = 0] = batch.shape;
  return byteOf(batch.data[((slot * channels + channel) * rows + row) * columns + column]!);
}

/** Which pictures a batch holds. */
export const idsOf = (batch: Floats): number[] =>
  Array.from({ length: batch.shape[0]! }, (_, slot) => pixelOf(batch, slot, 2) / 10);

/** The left edge of each picture's crop, and whether it is mirrored. */
export const cropsOf = (batch: Floats): string[] =>
  Array.from({ length: batch.shape[0]! }, (_, slot) => {
    const [first, second] = [pixelOf(batch, slot, 0), pixelOf(batch, slot, 0, 0, 1)];
    return `${first} ${pixelOf(batch, slot, 1)} ${first > second ? "mirrored" : "upright"}`;
  });

export async function batches(
  source: Pick<BatchSource, "batch">,
  numbers: readonly number[],
): Promise<Floats[]> {
  const found: Floats[] = [];
  for (const number of numbers) found.push(await source.batch(number));
  return found;
}

export async function all(samples: AsyncIterable<Floats>): Promise<Floats[]> {
  const found: Floats[] = [];
  for await (const sample of samples) found.push(sample);
  return found;
}

export const ascending = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);
