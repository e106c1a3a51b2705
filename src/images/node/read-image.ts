/** Picture files to rasters, in Node: any format that sharp reads, turned upright and into 8-bit sRGB. */
import { open } from "node:fs/promises";
import { resolve } from "node:path";
import sharp, { type Sharp, type SharpOptions } from "sharp";
import { messageOf, VaekitError } from "../../errors.ts";
import { toGrayscale, toRgb, type Raster } from "../raster.ts";

export interface ReadImageOptions {
  /** What the raster holds; grey is the luma of the RGB picture. @defaultValue "rgb" */
  convert?: "rgb" | "grayscale";
  /**
   * What becomes of transparency: laid over white or black, or dropped as Pillow's `convert("RGB")` does, which
   * shows whatever colours lie hidden under transparent pixels.
   *
   * @defaultValue "white"
   */
  alpha?: "white" | "black" | "drop";
  /** Pictures with more pixels are refused before they are decoded. @defaultValue 100 million */
  maxPixels?: number;
}

const defaultMaxPixels = 100_000_000;

/** No compressed picture of a sane size is larger; a checkpoint given by mistake is. */
const maxFileBytes = 2 ** 30;

/**
 * Reads a picture: the first one of a file with several, upright by its EXIF orientation, converted from its
 * ICC profile to sRGB, 16-bit samples reduced to 8.
 *
 * @param source a path, or the file's bytes.
 * @throws NOT_FOUND when there is no such file; INVALID_FILE when it is not a whole picture of a readable
 *   format, or has too many pixels; IO when it cannot be read; INVALID_ARGUMENT on an option out of range.
 */
export async function readImage(
  source: string | Uint8Array,
  options: ReadImageOptions = {},
): Promise<Raster> {
  const { convert = "rgb", alpha = "white", maxPixels = defaultMaxPixels } = options;
  checkOptions(convert, alpha, maxPixels);
  const name = typeof source === "string" ? source : "the picture in memory";
  const bytes = typeof source === "string" ? await readBytes(source) : source;
  if (bytes.length === 0) throw invalidFile(name, "expected a picture, found an empty file");
  await checkSize(bytes, name, maxPixels);
  const picture = await decode(bytes, name, alpha, maxPixels);
  return convert === "grayscale" ? toGrayscale(picture) : picture;
}

function checkOptions(convert: string, alpha: string, maxPixels: number): void {
  const expect = (fits: boolean, expected: string, found: string | number): void => {
    if (fits) return;
    throw new VaekitError(
      "INVALID_ARGUMENT",
      `readImage: expected ${expected}, found ${JSON.stringify(found)}.`,
    );
  };
  expect(["rgb", "grayscale"].includes(convert), 'convert to be "rgb" or "grayscale"', convert);
  expect(["white", "black", "drop"].includes(alpha), 'alpha to be "white", "black" or "drop"', alpha);
  expect(
    Number.isSafeInteger(maxPixels) && maxPixels > 0,
    "maxPixels to be a whole number above 0",
    maxPixels,
  );
}

function invalidFile(name: string, problem: string, cause?: unknown): VaekitError {
  return new VaekitError("INVALID_FILE", `${name}: ${problem}.`, { cause });
}

/** Reads by ourselves rather than by sharp: it caches files by path, and its messages name no cause. */
async function readBytes(path: string): Promise<Uint8Array> {
  try {
    const file = await open(path, "r");
    try {
      const stat = await file.stat();
      if (stat.isDirectory()) throw invalidFile(path, "expected a picture, found a folder");
      if (stat.size > maxFileBytes) {
        throw invalidFile(path, `expected a picture, found a file of ${stat.size} bytes`);
      }
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw fileError(path, error);
  }
}

function fileError(path: string, error: unknown): VaekitError {
  if (error instanceof VaekitError) return error;
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOENT" || code === "ENOTDIR") {
    return new VaekitError("NOT_FOUND", `${path}: no such picture (${resolve(path)}).`, { cause: error });
  }
  if (code === "EISDIR") return invalidFile(path, "expected a picture, found a folder", error);
  return new VaekitError("IO", `${path}: could not be read: ${messageOf(error)}`, { cause: error });
}

/** The header first: a picture too large is refused before memory is taken for it. */
async function checkSize(bytes: Uint8Array, name: string, maxPixels: number): Promise<void> {
  const { width, height } = await orInvalidFile(name, () =>
    openPicture(bytes, { limitInputPixels: false }).metadata(),
  );
  if (width * height <= maxPixels) return;
  throw invalidFile(
    name,
    `expected at most ${maxPixels} pixels, found ${width}x${height} = ${width * height}. Scale the picture down, or raise maxPixels`,
  );
}

async function decode(
  bytes: Uint8Array,
  name: string,
  alpha: "white" | "black" | "drop",
  maxPixels: number,
): Promise<Raster> {
  const { data, info } = await orInvalidFile(name, () => {
    const upright = openPicture(bytes, { limitInputPixels: maxPixels }).autoOrient();
    const opaque = alpha === "drop" ? upright.removeAlpha() : upright.flatten({ background: alpha });
    return opaque.toColourspace("srgb").raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
  });
  const { width, height, channels } = info;
  if (channels !== 1 && channels !== 3) {
    throw invalidFile(name, `expected a picture that turns into 3 channels, found ${channels}`);
  }
  return toRgb({ width, height, channels, data: new Uint8Array(data.buffer, data.byteOffset, data.length) });
}

/** `failOn: "error"` makes half a picture an error, where libvips would paint the rest grey. */
function openPicture(bytes: Uint8Array, options: SharpOptions): Sharp {
  return sharp(bytes, { ...options, failOn: "error" });
}

async function orInvalidFile<T>(name: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const cause = messageOf(error).trim().replaceAll(/\s+/g, " ");
    throw /unsupported image format/i.test(cause)
      ? invalidFile(
          name,
          "expected a picture (PNG, JPEG, WebP, GIF, AVIF, TIFF or SVG), found another format",
          error,
        )
      : invalidFile(name, `expected a whole picture, found a damaged one (${cause})`, error);
  }
}
