/** Rasters to the bytes of picture files, in Node. Lossless unless the format cannot be. */
import { extname } from "node:path";
import { VaekitError } from "../../errors.ts";
import { checkOptions, checkPath, oneOf, optionKinds, type OptionKinds } from "../../util/check-options.ts";
import { checkRaster, toRgb, type Raster } from "../raster.ts";
import { sharpFor } from "./sharp-for.ts";
import { ownDescription, ownPictures, type OwnPicture } from "./own-picture.ts";

/** The formats that {@link encodeImage} writes, by file extension. */
const formatOfExtension: Record<string, "png" | "jpeg" | "webp"> = {
  ".png": "png",
  ".jpg": "jpeg",
  ".jpeg": "jpeg",
  ".webp": "webp",
};

/** The options of {@link encodeImage}. */
export interface EncodeImageOptions {
  /** Quality of JPEG and WebP, 1 to 100. @defaultValue 95 for JPEG; WebP is lossless without it. */
  quality?: number;
  /** Marks the file as one of vaekit's own making, which is left out where a folder of pictures is listed. */
  ownPicture?: OwnPicture;
}

const encodeKinds: OptionKinds<EncodeImageOptions> = {
  quality: optionKinds.checkedElsewhere,
  ownPicture: oneOf(ownPictures),
};

/** The bytes of a PNG file with exactly the raster's samples: grey, RGB, or RGB with alpha. */
export async function encodePng(
  raster: Raster,
  options: Pick<EncodeImageOptions, "ownPicture"> = {},
): Promise<Uint8Array> {
  return encodeImage(raster, ".png", options);
}

/**
 * The bytes of a picture file, in the format of the path's extension: .png, .jpg, .jpeg or .webp.
 *
 * JPEG has no alpha: such a picture is laid over white. It is written without chroma subsampling, so that the picture shows the VAE's errors and not its own.
 *
 * @throws INVALID_ARGUMENT on another extension, a quality out of range, or sides that the format cannot hold.
 */
export async function encodeImage(
  raster: Raster,
  path: string,
  options: EncodeImageOptions = {},
): Promise<Uint8Array> {
  checkOptions("encodeImage", options, encodeKinds);
  checkPath("encodeImage", path, "a picture's name");
  checkRaster(raster, "encodeImage");
  const format = formatOf(path);
  const { quality } = options;
  if (quality !== undefined && !(Number.isSafeInteger(quality) && quality >= 1 && quality <= 100)) {
    throw new VaekitError(
      "INVALID_ARGUMENT",
      `encodeImage: expected a quality from 1 to 100, found ${quality}.`,
    );
  }
  checkSides(raster, format);
  const { width, height, channels, data } =
    format === "jpeg" && raster.channels === 4 ? toRgb(raster) : raster;
  const sharp = await sharpFor("encodeImage");
  const picture = sharp(data, { raw: { width, height, channels }, limitInputPixels: false });
  // Without this sharp would write grey pictures as RGB.
  const coloured = picture.toColourspace(channels === 1 ? "b-w" : "srgb");
  const { ownPicture } = options;
  const typed =
    ownPicture === undefined
      ? coloured
      : coloured.withExif({ IFD0: { ImageDescription: ownDescription(ownPicture) } });
  switch (format) {
    case "png":
      return typed.png().toBuffer();
    case "jpeg":
      return typed.jpeg({ quality: quality ?? 95, chromaSubsampling: "4:4:4" }).toBuffer();
    case "webp":
      return typed.webp(quality === undefined ? { lossless: true } : { quality }).toBuffer();
  }
}

/** The extension of `path`, also where the path is nothing but one (".png"). */
function formatOf(path: string): "png" | "jpeg" | "webp" {
  const extension = (extname(path) || path).toLowerCase();
  const format = formatOfExtension[extension];
  if (format !== undefined) return format;
  throw new VaekitError(
    "INVALID_ARGUMENT",
    `${path}: expected a picture's name ending in ${Object.keys(formatOfExtension).join(", ")}.`,
  );
}

/** The longest side that the format's header can state; libjpeg stops a little before (JPEG_MAX_DIMENSION). */
const longestSide = { png: 2 ** 31 - 1, jpeg: 65500, webp: 16383 };

function checkSides({ width, height }: Raster, format: "png" | "jpeg" | "webp"): void {
  if (Math.max(width, height) <= longestSide[format]) return;
  throw new VaekitError(
    "INVALID_ARGUMENT",
    `encodeImage: expected sides of at most ${longestSide[format]} pixels for ${format}, found ${width}x${height}. Write a PNG.`,
  );
}
