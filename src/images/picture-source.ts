/** Where pictures come from and what they become: what a platform adds to rasters in memory. */
import { VaekitError } from "../errors.ts";
import { arrayClass } from "../tensor/dtype.ts";
import { classNameOf, describeValue } from "../util/describe-value.ts";
import { Picture } from "./picture.ts";
import { samplesOverWhite } from "./over-white.ts";
import { checkRaster, type Raster } from "./raster.ts";

/** 8-bit RGBA samples, not premultiplied, as an ImageData has them. */
export interface RgbaPixels {
  /** Width in pixels. */
  readonly width: number;
  /** Height in pixels. */
  readonly height: number;
  /** `height * width * 4` samples, row by row. */
  readonly data: Uint8ClampedArray | Uint8Array;
}

/** The content of a picture file, as a Blob or a File has it. */
export interface PictureBlob {
  /** The number of bytes. */
  readonly size: number;
  /** The bytes. */
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** A picture file: its path, or what is in it. */
export type PictureFile = string | Uint8Array | ArrayBuffer | PictureBlob;

/** What a page shows: an ImageBitmap, an `<img>`, a canvas. For browsers. */
export interface PagePicture {
  /** Width in pixels. */
  readonly width: number;
  /** Height in pixels. */
  readonly height: number;
  /** Its samples are the browser's: what has `data` is an ImageData or a raster. */
  readonly data?: never;
}

/** Any picture. Paths are for platforms that have files. */
export type PictureSource = PictureFile | Raster | RgbaPixels | PagePicture;

/** How a browser reads what a page shows. */
export interface PagePictureReader {
  /** Whether it is such a picture. */
  has(source: object): source is PagePicture;
  /** Its samples. @throws INVALID_ARGUMENT for one that has not loaded, or that the page may not read. */
  read(source: PagePicture, subject: string, alpha: Alpha): Promise<Raster>;
}

/** How a platform reads and writes pictures. */
export interface PictureCodec {
  /** How it reads what a page shows. @default nothing is shown */
  readonly ofPage?: PagePictureReader;
  /**
   * The first picture of a file, upright, in sRGB.
   *
   * @param alpha "keep" gives four channels. @default "white"
   * @param subject the call, for messages.
   * @throws INVALID_ARGUMENT for a kind of source that the platform does not have; INVALID_FILE for what is no picture.
   */
  decode(file: PictureFile, subject: string, alpha?: Alpha): Promise<Raster>;
  picture(raster: Raster): Picture;
}

/**
 * The raster of any source.
 *
 * @param subject the call, for messages.
 * @throws INVALID_ARGUMENT for what is no source, and as {@link PictureCodec.decode}.
 */
export async function readPicture(
  source: PictureSource,
  codec: PictureCodec,
  subject: string,
  alpha: Alpha = "white",
): Promise<Raster> {
  if (isFile(source)) return codec.decode(source, subject, alpha);
  const parts: unknown = source;
  if (isObject(parts) && codec.ofPage?.has(parts) === true) return codec.ofPage.read(parts, subject, alpha);
  if (!hasSamples(parts)) {
    const found = describeValue(source);
    const message = `${subject}: expected a picture: a file's path or bytes, a Blob, an ImageData, or a raster { width, height, channels, data }, found ${found}.`;
    throw new VaekitError("INVALID_ARGUMENT", message);
  }
  if (isRgba(parts)) return alpha === "keep" ? withAlpha(parts) : overWhite(parts);
  checkRaster(parts as Raster, subject);
  return parts as Raster;
}

function isFile(source: unknown): source is PictureFile {
  if (typeof source === "string") return true;
  if (typeof source !== "object" || source === null) return false;
  if (arrayClass(source) === "Uint8Array" || classNameOf(source) === "ArrayBuffer") return true;
  return typeof Reflect.get(source, "arrayBuffer") === "function";
}

const isObject = (source: unknown): source is object => typeof source === "object" && source !== null;

function hasSamples(source: unknown): source is object {
  return isObject(source) && ArrayBuffer.isView(Reflect.get(source, "data"));
}

function isRgba(parts: object): parts is RgbaPixels {
  const { width, height, data } = parts as RgbaPixels;
  const isBytes = ["Uint8ClampedArray", "Uint8Array"].includes(arrayClass(data) ?? "");
  return !("channels" in parts) && isBytes && data.length === 4 * width * height;
}

/** RGBA samples as a raster, which shares none of their memory. */
export const withAlpha = ({ width, height, data }: RgbaPixels): Raster => ({
  width,
  height,
  channels: 4,
  data: new Uint8Array(data),
});

/** RGBA samples laid over white, as `readImage` does with transparent files. */
export function overWhite({ width, height, data }: RgbaPixels): Raster {
  return { width, height, channels: 3, data: samplesOverWhite(data) };
}

/** What becomes of transparent pixels: they are laid over white, or stay. */
export type Alpha = "white" | "keep";

/** Where nothing reads or writes files: rasters and ImageData only. */
export const noPictureFiles: PictureCodec = {
  decode: (_file, subject) => {
    const message = `${subject}: expected a raster or an ImageData: this model was not opened by a platform that reads picture files.`;
    return Promise.reject(new VaekitError("UNSUPPORTED", message));
  },
  picture: (raster) => new UnwrittenPicture(raster),
};

class UnwrittenPicture extends Picture {
  toPng(): Promise<Uint8Array> {
    const message = "toPng: this model was not opened by a platform that writes picture files.";
    return Promise.reject(new VaekitError("UNSUPPORTED", message));
  }
}
