/** Pictures to judge a model by: always the same ones, whole or cut at their centre. */
import { messageOf, VaekitError } from "../../errors.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { decodePicture } from "./decode-picture.js";
import { listPictures } from "../../images/node/list-pictures.ts";
import type { DecodedPicture } from "./picture-protocol.ts";
import { sampleValues, writePlanes } from "./sample-planes.js";

export interface ValidationPicturesOptions {
  /** The short side after resizing; null leaves pictures as they are. @defaultValue null */
  shortSide?: number | null;
  /** The side of the square cut from the centre; the whole picture when absent. */
  resolution?: number;
  /** Whole pictures lose rows and columns at the edges until both sides are multiples of this. @defaultValue 1 */
  multipleOf?: number;
  /** At most so many readable pictures, the first ones. */
  limit?: number;
  /** @defaultValue "signed" */
  range?: "signed" | "unit";
  /** @defaultValue 3 */
  channels?: 1 | 3;
  /** Pictures with more pixels count as unreadable. @defaultValue 100 million */
  maxPixels?: number;
  /** Told about each file that is left out. */
  onSkip?: (path: string, reason: string) => void;
}

export interface ValidationPicture {
  readonly path: string;
  /** [1, C, H, W]. */
  readonly pixels: Tensor<"float32">;
}

/**
 * Reads pictures one by one, in the order of {@link listPictures}; unreadable files are left out.
 *
 * @throws what `listPictures` throws; INVALID_FILE when no file is readable; INVALID_ARGUMENT on an option out of
 *   range.
 */
export async function* readValidationPictures(
  paths: string | readonly string[],
  options: ValidationPicturesOptions = {},
): AsyncGenerator<ValidationPicture, void, undefined> {
  checkOptions(options);
  const { limit = Infinity } = options;
  const files = await listPictures(paths);
  let readCount = 0;
  let firstReason = "";
  for (const path of files) {
    if (readCount >= limit) return;
    let pixels;
    try {
      pixels = await readOne(path, options);
    } catch (error) {
      const reason = messageOf(error).trim().replaceAll(/\s+/g, " ");
      firstReason ||= `${path}: ${reason}`;
      options.onSkip?.(path, reason);
      continue;
    }
    readCount++;
    yield { path, pixels };
  }
  if (readCount === 0) {
    throw new VaekitError(
      "INVALID_FILE",
      `validation pictures: expected at least one readable picture among ${files.length} files, found none; the first is ${firstReason}.`,
    );
  }
}

async function readOne(path: string, options: ValidationPicturesOptions): Promise<Tensor<"float32">> {
  const { shortSide = null, resolution, channels = 3, maxPixels = 100_000_000 } = options;
  const picture = await decodePicture(path, { shortSide, resolution: resolution ?? 1, channels, maxPixels });
  const { width, height } = partSize(picture, options);
  const left = Math.floor(0.5 * (picture.width - width + 1));
  const top = Math.floor(0.5 * (picture.height - height + 1));
  const out = Tensor.zeros([1, channels, height, width]);
  const part = { left, top, width, height, flip: false };
  writePlanes(picture, part, sampleValues(options.range ?? "signed"), out.data, 0);
  return out;
}

function partSize(
  { width, height }: DecodedPicture,
  { resolution, multipleOf = 1 }: ValidationPicturesOptions,
): { width: number; height: number } {
  if (resolution !== undefined) return { width: resolution, height: resolution };
  if (Math.min(width, height) < multipleOf) {
    throw new Error(`expected at least ${multipleOf} pixels a side, found ${width}x${height}`);
  }
  return { width: width - (width % multipleOf), height: height - (height % multipleOf) };
}

function checkOptions({ shortSide = null, resolution, multipleOf, limit }: ValidationPicturesOptions): void {
  for (const [name, value] of Object.entries({ shortSide, resolution, multipleOf, limit })) {
    if (value === null || value === undefined || (Number.isSafeInteger(value) && value > 0)) continue;
    throw new VaekitError(
      "INVALID_ARGUMENT",
      `validation pictures: expected ${name} to be a whole number above 0, found ${value}.`,
    );
  }
  if (resolution !== undefined && resolution % (multipleOf ?? 1) !== 0) {
    throw new VaekitError(
      "INVALID_ARGUMENT",
      `validation pictures: expected the resolution to be a multiple of ${multipleOf ?? 1}, found ${resolution}.`,
    );
  }
  if (resolution !== undefined && shortSide !== null && shortSide < resolution) {
    throw new VaekitError(
      "INVALID_ARGUMENT",
      `validation pictures: expected shortSide to be at least the resolution, ${resolution}, found ${shortSide}.`,
    );
  }
}
