/** Batches of crops of picture files, read, resized and cropped in a thread of their own. */
import { VaekitError } from "../../errors.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { BatchSource } from "../batch-source.ts";
import { augmentationOf } from "../augment.ts";
import { BatchPlan, shuffledOrder, type ExampleOrder } from "../epoch-order.ts";
import { listPictures } from "../../images/node/list-pictures.ts";
import { PictureReader } from "./picture-reader.ts";

export interface ImageFolderOptions {
  batchSize: number;
  /** The side of the square crops, in pixels. */
  resolution: number;
  /** What order, crops and flips follow from. @defaultValue 0 */
  seed?: number | bigint;
  /**
   * Pictures are resized so that the short side has this many pixels; null leaves them as they are, and enlarges
   * only those smaller than the crop. @defaultValue null
   */
  shortSide?: number | null;
  /** @defaultValue "random" */
  crop?: "random" | "center";
  /** Mirrors every second picture on average. @defaultValue false */
  flip?: boolean;
  /** What black and white become: -1 and 1, or 0 and 1. @defaultValue "signed" */
  range?: "signed" | "unit";
  /** 3 for RGB, 1 for grey (luma). @defaultValue 3 */
  channels?: 1 | 3;
  /** Decoded pictures kept in memory. @defaultValue 512 */
  cacheMegabytes?: number;
  /** Pictures decoded at once. @defaultValue 2 */
  workers?: number;
  /** Batches prepared ahead. @defaultValue 2 */
  prefetch?: number;
  /** Whether an epoch's last batch, when it is not full, is kept. @defaultValue false */
  keepLast?: boolean;
  /** The order of the examples; shuffled by the seed unless given. */
  order?: ExampleOrder;
  /** Pictures with more pixels count as unreadable. @defaultValue 100 million */
  maxPixels?: number;
  /** Told once about each file that cannot be read; the next readable one takes its place. */
  onSkip?: (path: string, reason: string) => void;
}

/** A source of batches from picture files. */
export interface ImageFolder extends BatchSource {
  /** Every file, in the order that example numbers count. */
  readonly files: readonly string[];
  /** How many files were found unreadable so far. */
  readonly skippedCount: number;
}

/**
 * Opens the pictures of a folder, a list file or several of either (see {@link listPictures}). Batches are
 * float32 [N, channels, resolution, resolution].
 *
 * The same seed gives the same batches, whatever was read before. An unreadable file is replaced by the next
 * readable one in the list.
 *
 * @throws NOT_FOUND or INVALID_FILE when there are no pictures; INVALID_ARGUMENT on an option out of range, or
 *   when the batch is larger than the number of pictures. `batch` rejects with INVALID_FILE when no file is
 *   readable.
 */
export async function openImageFolder(
  paths: string | readonly string[],
  options: ImageFolderOptions,
): Promise<ImageFolder> {
  checkOptions(options);
  return new PictureBatches(await listPictures(paths), options);
}

class PictureBatches implements ImageFolder {
  readonly files: readonly string[];
  readonly #options: ImageFolderOptions;
  readonly #plan: BatchPlan;
  readonly #reader: PictureReader;
  readonly #prepared = new Map<number, Promise<Float32Array<ArrayBuffer>>>();
  #skippedCount = 0;

  constructor(files: readonly string[], options: ImageFolderOptions) {
    const { batchSize, resolution, seed = 0, keepLast, order = shuffledOrder(seed) } = options;
    const { shortSide = null, channels = 3, maxPixels = 100_000_000 } = options;
    this.files = files;
    this.#options = options;
    this.#plan = new BatchPlan({ exampleCount: files.length, batchSize, order, keepLast });
    this.#reader = new PictureReader(
      {
        files,
        decode: { shortSide, resolution, channels, maxPixels },
        range: options.range ?? "signed",
        cacheBytes: (options.cacheMegabytes ?? 512) * 2 ** 20,
        decoders: options.workers ?? 2,
      },
      ({ path, reason }) => {
        this.#skippedCount++;
        options.onSkip?.(path, reason);
      },
    );
  }

  get exampleCount(): number {
    return this.files.length - this.#skippedCount;
  }

  get skippedCount(): number {
    return this.#skippedCount;
  }

  /** Counts by all files, readable or not: a batch's number must mean the same before and after a resume. */
  get batchesPerEpoch(): number {
    return this.#plan.batchesPerEpoch;
  }

  async batch(index: number): Promise<Tensor<"float32">> {
    const { resolution, channels = 3, prefetch = 2 } = this.#options;
    const samples = this.#prepare(index);
    for (const known of this.#prepared.keys()) {
      if (known <= index || known > index + prefetch) this.#prepared.delete(known);
    }
    for (let ahead = index + 1; ahead <= index + prefetch; ahead++) {
      const prepared = this.#prepare(ahead);
      this.#prepared.set(ahead, prepared);
    }
    const data = await samples;
    const count = data.length / (channels * resolution * resolution);
    return Tensor.from(data, [count, channels, resolution, resolution]);
  }

  async dispose(): Promise<void> {
    this.#prepared.clear();
    await this.#reader.dispose();
  }

  #prepare(index: number): Promise<Float32Array<ArrayBuffer>> {
    const known = this.#prepared.get(index);
    if (known !== undefined) return known;
    const { seed = 0, crop = "random", flip = false } = this.#options;
    const { epoch, examples } = this.#plan.batch(index);
    const samples = this.#reader.read(
      examples.map((example) => ({
        example,
        ...augmentationOf({ seed, crop, flip }, epoch, example),
      })),
    );
    // Its failure is news only once somebody asks for this batch.
    samples.catch(() => undefined);
    return samples;
  }
}

function checkOptions(options: ImageFolderOptions): void {
  const expect = (fits: boolean, expected: string, found: number | string): void => {
    if (!fits) throw new VaekitError("INVALID_ARGUMENT", `pictures: expected ${expected}, found ${found}.`);
  };
  const expectWhole = (name: string, value: number, least: number): void => {
    const fits = Number.isSafeInteger(value) && value >= least;
    expect(fits, `${name} to be a whole number of at least ${least}`, value);
  };
  const { resolution, shortSide = null, channels = 3, cacheMegabytes = 512 } = options;
  expectWhole("resolution", resolution, 1);
  if (shortSide !== null) {
    expectWhole("shortSide", shortSide, 1);
    expect(shortSide >= resolution, `shortSide to be at least the resolution, ${resolution}`, shortSide);
  }
  expect([1, 3].includes(channels), "channels to be 1 or 3", channels);
  expect(cacheMegabytes >= 0, "cacheMegabytes to be 0 or more", cacheMegabytes);
  expectWhole("workers", options.workers ?? 2, 1);
  expectWhole("prefetch", options.prefetch ?? 2, 0);
  expect(
    ["random", "center"].includes(options.crop ?? "random"),
    "crop to be random or center",
    String(options.crop),
  );
  expect(
    ["signed", "unit"].includes(options.range ?? "signed"),
    "range to be signed or unit",
    String(options.range),
  );
}
