/** Picture files to rasters, in Node: any format of pixels that sharp reads, turned upright and into 8-bit sRGB. */
import { resolve } from "node:path";
import { VaekitError } from "../../errors.ts";
import { toGrayscale, toRgb, toRgba, type Raster } from "../raster.ts";
import { arrayClass, arrayOf } from "../../tensor/dtype.ts";
import { describeValue } from "../../util/describe-value.ts";
import { checkOptions, oneOf, wholeNumber, type OptionKinds } from "../../util/check-options.ts";
import { PictureFault } from "./picture-fault.js";
import { decodePictureBytes, readPictureBytes } from "./picture-file.js";

/** The options of {@link readImage}. */
export interface ReadImageOptions {
  /**
   * What the raster holds; grey is the luma of the RGB picture. "rgba" keeps transparency, and gives a picture without it
   * an opaque alpha.
   *
   * @defaultValue "rgb"
   */
  convert?: "rgb" | "grayscale" | "rgba";
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

const readKinds: OptionKinds<ReadImageOptions> = {
  convert: oneOf(["rgb", "grayscale", "rgba"]),
  alpha: oneOf(["white", "black", "drop"]),
  maxPixels: wholeNumber(1),
};

const defaultMaxPixels = 100_000_000;

/**
 * Reads a picture: the first one of a file with several, upright by its EXIF orientation, converted from its
 * ICC profile to sRGB, 16-bit samples reduced to 8.
 *
 * @param source a path, or the file's bytes.
 * @throws NOT_FOUND when there is no such file; INVALID_FILE when it is not a whole picture of a readable
 *   format, has too many pixels, or is a pipe or a device, which are not opened; IO when it cannot be read;
 *   INVALID_ARGUMENT on an option out of range.
 */
export async function readImage(
  source: string | Uint8Array,
  options: ReadImageOptions = {},
): Promise<Raster> {
  checkOptions("readImage", options, readKinds);
  const { convert = "rgb", alpha = "white", maxPixels = defaultMaxPixels } = options;
  checkSource(source);
  const name = typeof source === "string" ? source : "the picture in memory";
  try {
    const bytes = typeof source === "string" ? await readPictureBytes(source) : ownBytes(source);
    if (convert === "rgba") return toRgba(await decodePictureBytes(bytes, { alpha: "keep", maxPixels }));
    const picture = toRgb(await decodePictureBytes(bytes, { alpha, maxPixels }));
    return convert === "grayscale" ? toGrayscale(picture) : picture;
  } catch (error) {
    throw named(name, error);
  }
}

function checkSource(source: unknown): void {
  if (typeof source === "string" || arrayClass(source) === "Uint8Array") return;
  const remedy =
    source instanceof URL
      ? " Pass fileURLToPath(url)."
      : source instanceof ArrayBuffer || ArrayBuffer.isView(source)
        ? " Pass new Uint8Array(buffer)."
        : "";
  const message = `readImage: expected a path or the file's bytes as a Uint8Array, found ${describeValue(source)}.${remedy}`;
  throw new VaekitError("INVALID_ARGUMENT", message);
}

/** sharp knows the arrays of its own realm only; those of another share their memory. */
const ownBytes = (bytes: Uint8Array): Uint8Array => arrayOf(bytes, "uint8") ?? bytes;

/** Says which picture it is about. */
function named(name: string, error: unknown): VaekitError {
  if (!(error instanceof PictureFault)) throw error;
  const problem = error.code === "NOT_FOUND" ? `no such picture (${resolve(name)})` : error.message;
  return new VaekitError(error.code, `${name}: ${problem}.`, { cause: error.cause ?? error });
}
