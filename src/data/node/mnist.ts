/** Batches of MNIST digits (or of any data set in its format, such as Fashion-MNIST). */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { VaekitError } from "../../errors.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { BatchSource } from "../batch-source.ts";
import { BatchPlan, shuffledOrder, type ExampleOrder } from "../epoch-order.ts";
import { dataStream } from "../streams.ts";
import { readIdxImages, type IdxImages } from "./idx-images.ts";
import { sampleValues } from "./sample-planes.js";

export interface MnistOptions {
  /** @defaultValue "train" */
  split?: "train" | "test";
  batchSize: number;
  /** What the order and the binarization follow from. @defaultValue 0 */
  seed?: number | bigint;
  /**
   * The order of the examples; shuffled by the seed unless given. It is asked for an epoch only when that epoch's
   * first batch is, so it may draw from a generator that the training draws from as well.
   */
  order?: ExampleOrder;
  /**
   * Every pixel becomes black or white at random, white with the probability that is its grey level, anew in every
   * batch. @defaultValue false
   */
  binarize?: boolean;
  /** What 0 and 255 become: 0 and 1, or -1 and 1. @defaultValue "unit" */
  range?: "signed" | "unit";
  /** Rows of pixels, [N, 784], rather than pictures, [N, 1, 28, 28]. @defaultValue false */
  flatten?: boolean;
  /** Whether an epoch's last batch, when it is not full, is kept. @defaultValue false */
  keepLast?: boolean;
  /** The examples used, a part of the split: from `from` on, before `to`. All by default. */
  part?: { from?: number; to?: number };
}

const prefixOf = { train: "train", test: "t10k" } as const;

/**
 * Opens a split of MNIST; `folder` holds `train-images-idx3-ubyte` or `t10k-images-idx3-ubyte`, plain or with
 * `.gz`.
 *
 * @throws NOT_FOUND when the file is not there; INVALID_FILE when it is not a whole IDX file; INVALID_ARGUMENT when
 *   the batch is larger than the number of examples, or `part` is empty or outside.
 */
export async function openMnist(folder: string, options: MnistOptions): Promise<BatchSource> {
  return new MnistBatches(await readIdxImages(await findFile(folder, options.split ?? "train")), options);
}

async function findFile(folder: string, split: "train" | "test"): Promise<string> {
  const name = `${prefixOf[split]}-images-idx3-ubyte`;
  // Some unpackers write a dot where the original has a hyphen.
  const names = [name, `${name}.gz`, name.replace("-idx3", ".idx3"), `${name.replace("-idx3", ".idx3")}.gz`];
  for (const candidate of names) {
    const path = join(folder, candidate);
    const found = await stat(path).catch(() => undefined);
    if (found?.isFile() === true) return path;
  }
  throw new VaekitError(
    "NOT_FOUND",
    `${folder}: expected the MNIST file ${name}.gz (or ${name}) in this folder, found neither.`,
  );
}

class MnistBatches implements BatchSource {
  readonly exampleCount: number;
  readonly #images: IdxImages;
  readonly #options: MnistOptions;
  readonly #plan: BatchPlan;
  readonly #first: number;

  constructor(images: IdxImages, options: MnistOptions) {
    const { batchSize, seed = 0, order = shuffledOrder(seed), keepLast } = options;
    const { from, to } = checkedPart(options.part, images.count);
    this.#images = images;
    this.#options = options;
    this.#first = from;
    this.exampleCount = to - from;
    this.#plan = new BatchPlan({ exampleCount: this.exampleCount, batchSize, order, keepLast });
  }

  get batchesPerEpoch(): number {
    return this.#plan.batchesPerEpoch;
  }

  // Nothing here takes long enough to be prepared ahead.
  // eslint-disable-next-line @typescript-eslint/require-await -- what it throws must arrive as a rejection
  async batch(index: number): Promise<Tensor<"float32">> {
    const { height, width, data } = this.#images;
    const { flatten = false, binarize = false, range = "unit" } = this.#options;
    const { examples } = this.#plan.batch(index);
    const pixels = height * width;
    const out = new Float32Array(examples.length * pixels);
    const values = sampleValues(binarize ? "unit" : range);
    examples.forEach((example, slot) => {
      const start = (this.#first + example) * pixels;
      for (let i = 0; i < pixels; i++) out[slot * pixels + i] = values[data[start + i]!]!;
    });
    if (binarize) this.#binarize(out, index, range === "signed" ? -1 : 0);
    const shape = flatten ? [examples.length, pixels] : [examples.length, 1, height, width];
    return Tensor.from(out, shape);
  }

  dispose(): Promise<void> {
    return Promise.resolve();
  }

  #binarize(probabilities: Float32Array, index: number, low: number): void {
    const uniforms = new Float32Array(probabilities.length);
    // The number of a batch may pass 32 bits only after more batches than anyone trains.
    dataStream(this.#options.seed ?? 0, "binarization", 0, index).fillUniform(uniforms);
    for (let i = 0; i < uniforms.length; i++) probabilities[i] = uniforms[i]! < probabilities[i]! ? 1 : low;
  }
}

function checkedPart(part: MnistOptions["part"], count: number): { from: number; to: number } {
  const { from = 0, to = count } = part ?? {};
  const fits =
    Number.isSafeInteger(from) && Number.isSafeInteger(to) && from >= 0 && from < to && to <= count;
  if (!fits) {
    throw new VaekitError(
      "INVALID_ARGUMENT",
      `mnist: expected a part within 0 to ${count} that holds at least one example, found ${from} to ${to}.`,
    );
  }
  return { from, to };
}
