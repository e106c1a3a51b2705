/** Pictures as rasters, in the browser. */
import { readPicture, type PictureSource } from "../images/picture-source.ts";
import { toGrayscale, toRgb, toRgba, type Raster } from "../images/raster.ts";
import { checkOptions, oneOf, type OptionKinds } from "../util/check-options.ts";
import { webPictures } from "./pictures.ts";

/** The options of {@link readImage}. */
export interface ReadImageOptions {
  /**
   * What the raster holds: transparent pixels over white, their luma, or the pixels with their alpha.
   *
   * @defaultValue "rgb"
   */
  readonly convert?: "rgb" | "grayscale" | "rgba";
}

const readKinds: OptionKinds<ReadImageOptions> = { convert: oneOf(["rgb", "grayscale", "rgba"]) };

/**
 * Reads a picture: upright by its EXIF orientation, in sRGB, 8 bits a sample; for PNG, JPEG and WebP files the bytes that Node
 * reads.
 *
 * @param source a Blob, bytes, an ImageData, an ImageBitmap, an `<img>` that has loaded, a canvas, or a raster.
 * @throws INVALID_ARGUMENT for what is no picture; INVALID_FILE for a file that the browser cannot read.
 */
export async function readImage(source: PictureSource, options: ReadImageOptions = {}): Promise<Raster> {
  checkOptions("readImage", options, readKinds);
  const { convert = "rgb" } = options;
  if (convert === "rgba") return toRgba(await readPicture(source, webPictures, "readImage", "keep"));
  const picture = toRgb(await readPicture(source, webPictures, "readImage"));
  return convert === "grayscale" ? toGrayscale(picture) : picture;
}
