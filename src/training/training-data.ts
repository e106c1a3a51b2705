/** A recipe's data: batches to train on, and pictures to validate with. */
import { dirname, resolve } from "node:path";
import { PhasedBatches, shuffledOrder, type BatchSource, type ExampleOrder } from "../data/index.ts";
import {
  findPictures,
  recordPictures,
  type DataRecord,
  type LeftOut,
  openImageFolder,
  openMnist,
  readValidationPictures,
} from "../data/node/index.ts";
import { VaekitError } from "../errors.ts";
import type { ModelFacts } from "../models/index.ts";
import type { Recipe } from "../recipe/index.ts";
import type { Tensor } from "../tensor/tensor.ts";

export interface TrainingData {
  readonly source: BatchSource;
  /**
   * The first phase's training batches once more, in an order of their own: looking at them changes nothing of the
   * training's order and draws. Whoever opens it disposes it.
   */
  openForReview(): Promise<BatchSource>;
  /** Batches that are not trained on, always the same; none where the recipe holds none out. */
  validation(): AsyncIterable<Tensor<"float32">>;
  readonly hasValidation: boolean;
  /** Which pictures there are; none for digits. */
  readonly record?: DataRecord;
  /** Pictures for an initialisation from data. */
  initialPictures(): Promise<Tensor<"float32">>;
}

export interface OpenDataOptions {
  /** Where the order of examples is drawn by the run itself. */
  readonly order: ExampleOrder | undefined;
  /** The model's: both sides of a validation picture must be a multiple of its factor. */
  readonly facts: ModelFacts;
  readonly onSkip: (path: string, reason: string) => void;
  /** Told what the listing of a folder passed over. */
  readonly onLeftOut: (folder: string, leftOut: LeftOut) => void;
}

/** Opens what `recipe.data` names. @throws what the data sets throw, and INVALID_ARGUMENT where too little is left. */
export async function openData(recipe: Recipe, options: OpenDataOptions): Promise<TrainingData> {
  const { data } = recipe;
  if (data.type === "mnist") return openDigits(recipe, data, options);
  if (data.type !== "tensors") return openPictures(recipe, data, options);
  throw new VaekitError(
    "INVALID_CONFIG",
    "data.type: tensors come from a program, which hands them to a Trainer; train reads images, mnist or list.",
  );
}

/** Enough for a fit of principal components. */
const initialCount = 64;
const initialSide = 128;

type PictureData = Exclude<Recipe["data"], { type: "mnist" | "tensors" }>;
type DigitData = Extract<Recipe["data"], { type: "mnist" }>;

async function openPictures(
  recipe: Recipe,
  data: PictureData,
  options: OpenDataOptions,
): Promise<TrainingData> {
  const { trainable: files, validation } = await findSets(data, options);
  const heldOut = data.validationPath === null ? data.validationCount : 0;
  if (heldOut >= files.length) {
    throw new VaekitError(
      "INVALID_ARGUMENT",
      `data.validation_count: expected fewer than the ${files.length} pictures of ${data.path}, found ${heldOut}.`,
    );
  }
  const { range, channels, shortSide } = data;
  const trained = files.slice(0, files.length - heldOut);
  const shared = {
    shortSide,
    crop: data.crop,
    flip: data.flip,
    range,
    channels,
    workers: data.workers,
    keepLast: data.keepLast,
  };
  const open = (resolution: number, batchSize: number, seed: number): Promise<BatchSource> =>
    openImageFolder(trained, {
      ...shared,
      batchSize,
      resolution,
      seed,
      cacheMegabytes: data.cacheMegabytes,
      onSkip: options.onSkip,
      // An order that the run draws is drawn when its epoch begins, not ahead.
      ...(options.order === undefined ? {} : { order: options.order, prefetch: 0 }),
    });
  const source = await PhasedBatches.open([
    { firstBatch: 0, open: () => open(data.resolution, recipe.batchSize, recipe.seed) },
    ...recipe.phases.map(({ step, resolution, batchSize }, index) => ({
      firstBatch: step * recipe.accumulate,
      // A seed of its own, or each phase would begin with the first one's crops.
      open: () => open(resolution, batchSize, recipe.seed + 1 + index),
    })),
  ]);
  const record = await recordAll(data, files, validation);
  const paths = validation ?? files.slice(files.length - heldOut);
  const resolution = wholeMultiple(
    recipe.validation.resolution ?? data.resolution,
    options.facts.spatialFactor,
  );
  const validationOptions = {
    resolution,
    shortSide: shortSide === null ? null : Math.max(shortSide, resolution),
    range,
    channels,
    ...(recipe.validation.images === null ? {} : { limit: recipe.validation.images }),
  };
  return {
    source,
    record,
    openForReview: () =>
      openImageFolder(trained, {
        ...shared,
        batchSize: recipe.batchSize,
        resolution: data.resolution,
        seed: recipe.seed,
        cacheMegabytes: 0,
      }),
    hasValidation: data.validationPath !== null || heldOut > 0,
    initialPictures: async () => {
      const pictures = await openImageFolder(trained, {
        batchSize: Math.min(initialCount, trained.length),
        resolution: initialSide,
        seed: recipe.seed,
        shortSide: shortSide === null ? null : Math.max(shortSide, initialSide),
        range,
        channels,
        cacheMegabytes: 0,
        prefetch: 0,
      });
      try {
        return await pictures.batch(0);
      } finally {
        await pictures.dispose();
      }
    },
    async *validation() {
      for await (const { pixels } of readValidationPictures(paths, validationOptions)) yield pixels;
    },
  };
}

/** The training pictures, then those for validation. */
interface PictureSets {
  readonly trainable: readonly string[];
  /** Undefined where the recipe names no folder of its own for it. */
  readonly validation: readonly string[] | undefined;
}

/** What validates is not trained on, also where its folder lies inside the other one. */
async function findSets(data: PictureData, { onLeftOut }: OpenDataOptions): Promise<PictureSets> {
  const found = await findPictures(data.path);
  if (data.validationPath === null) {
    onLeftOut(data.path, found.leftOut);
    return { trainable: found.files, validation: undefined };
  }
  const validation = await findPictures(data.validationPath);
  const validating = new Set(validation.files.map((path) => resolve(path)));
  const trainable = found.files.filter((path) => !validating.has(resolve(path)));
  onLeftOut(data.path, { ...found.leftOut, validation: found.files.length - trainable.length });
  onLeftOut(data.validationPath, validation.leftOut);
  if (trainable.length > 0) return { trainable, validation: validation.files };
  const message = `data.validation_path: expected other pictures than those of data.path, found the same ${validation.files.length}.`;
  throw new VaekitError("INVALID_ARGUMENT", message);
}

async function recordAll(
  data: PictureData,
  files: readonly string[],
  validation: readonly string[] | undefined,
): Promise<DataRecord> {
  const rootOf = (path: string): string => (data.type === "list" ? dirname(path) : path);
  const trained = await recordPictures(rootOf(data.path), files);
  if (data.validationPath === null || validation === undefined) return trained;
  const record = await recordPictures(rootOf(data.validationPath), validation);
  return [...trained, ...record.map((each) => ({ ...each, name: `validation: ${each.name}` }))];
}

const wholeMultiple = (pixels: number, factor: number): number =>
  Math.max(factor, Math.floor(pixels / factor) * factor);

async function openDigits(
  recipe: Recipe,
  data: DigitData,
  { order, facts }: OpenDataOptions,
): Promise<TrainingData> {
  const shared = {
    binarize: data.binarize,
    range: data.range,
    flatten: facts.layout === "rows",
    seed: recipe.seed,
  };
  const open = (exampleOrder: ExampleOrder): Promise<BatchSource> =>
    openMnist(data.path, {
      ...shared,
      batchSize: recipe.batchSize,
      keepLast: data.keepLast,
      order: exampleOrder,
    });
  const source = await open(order ?? shuffledOrder(recipe.seed));
  const batchSize = recipe.validation.batchSize ?? recipe.batchSize;
  const limit = recipe.validation.images ?? Infinity;
  return {
    source,
    openForReview: () => open(shuffledOrder(recipe.seed)),
    hasValidation: true,
    initialPictures: async () => {
      const all = { ...shared, binarize: false, batchSize: 1 };
      const { exampleCount } = await openMnist(data.path, all);
      return (await openMnist(data.path, { ...all, batchSize: exampleCount })).batch(0);
    },
    async *validation() {
      const test = await openMnist(data.validationPath ?? data.path, {
        ...shared,
        split: "test",
        batchSize,
        keepLast: true,
        order: (_, count) => Uint32Array.from({ length: count }, (_each, index) => index),
      });
      const batches = Math.min(test.batchesPerEpoch, Math.ceil(limit / batchSize));
      for (let index = 0; index < batches; index++) yield await test.batch(index);
      await test.dispose();
    },
  };
}
