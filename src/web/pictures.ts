/** Pictures in the browser: its own decoder and encoder. */
import { messageOf, VaekitError } from "../errors.ts";
import { Picture } from "../images/picture.ts";
import {
  overWhite,
  withAlpha,
  type Alpha,
  type PictureCodec,
  type PictureFile,
  type RgbaPixels,
} from "../images/picture-source.ts";
import type { Raster } from "../images/raster.ts";
import { classNameOf, describeValue } from "../util/describe-value.ts";
import { exactSamples } from "./partial-alpha.ts";

/** A picture that a model made. */
export class WebPicture extends Picture {
  /** For a canvas: `context.putImageData(picture.toImageData(), 0, 0)`. */
  toImageData(): ImageData {
    return new ImageData(this.toRgba(), this.width, this.height);
  }

  /** Draws it on a canvas, which takes its size. @throws RUNTIME when the canvas draws in another way than "2d". */
  drawTo(canvas: HTMLCanvasElement | OffscreenCanvas): void {
    canvas.width = this.width;
    canvas.height = this.height;
    const context = canvas.getContext("2d") as OffscreenCanvasRenderingContext2D | null;
    if (context === null) throw new VaekitError("RUNTIME", "drawTo: expected a canvas that draws in 2d.");
    context.putImageData(this.toImageData(), 0, 0);
  }

  /**
   * A file, by the browser's own encoder.
   *
   * @param options what `convertToBlob` takes. @default a PNG, with exactly these samples where the picture is opaque
   */
  toBlob(options: ImageEncodeOptions = { type: "image/png" }): Promise<Blob> {
    const context = contextOf(this.width, this.height);
    context.putImageData(this.toImageData(), 0, 0);
    return context.canvas.convertToBlob(options);
  }

  async toPng(): Promise<Uint8Array> {
    return new Uint8Array(await (await this.toBlob()).arrayBuffer());
  }
}

type Drawable = ImageBitmap | HTMLImageElement | HTMLCanvasElement | OffscreenCanvas;

/** Not all are there in every thread. */
const isDrawable = (source: object): source is Drawable =>
  ["ImageBitmap", "HTMLImageElement", "HTMLCanvasElement", "OffscreenCanvas"].includes(classNameOf(source));

export const webPictures: PictureCodec = {
  ofPage: {
    has: isDrawable,
    read: async (source, subject, alpha) => {
      checkCanvas(subject);
      return Promise.resolve(rasterOf(samplesOf(source as Drawable, subject), alpha));
    },
  },
  decode: async (file, subject, alpha) => {
    const blob = blobOf(file, subject);
    checkCanvas(subject);
    const bitmap = await bitmapOf(blob, subject);
    try {
      return rasterOf(await exactSamples(bitmap, samplesOf(bitmap, subject)), alpha);
    } finally {
      bitmap.close();
    }
  },
  picture: (raster) => new WebPicture(raster),
};

const rasterOf = (pixels: RgbaPixels, alpha: Alpha | undefined): Raster =>
  alpha === "keep" ? withAlpha(pixels) : overWhite(pixels);

function samplesOf(source: Drawable, subject: string): RgbaPixels {
  const { width, height } = sidesOf(source, subject);
  const context = contextOf(width, height);
  context.drawImage(source, 0, 0);
  return readable(() => context.getImageData(0, 0, width, height), subject);
}

/** @throws INVALID_ARGUMENT for an `<img>` that has not loaded, and for an empty canvas. */
function sidesOf(source: Drawable, subject: string): { width: number; height: number } {
  const [width, height] =
    "naturalWidth" in source ? [source.naturalWidth, source.naturalHeight] : [source.width, source.height];
  if (width > 0 && height > 0) return { width, height };
  const message = `${subject}: expected a picture, found one of ${width}x${height} pixels. Wait until an <img> has loaded: await image.decode().`;
  throw new VaekitError("INVALID_ARGUMENT", message);
}

/** @throws INVALID_ARGUMENT where the browser does not let the page see the samples. */
function readable<T>(read: () => T, subject: string): T {
  try {
    return read();
  } catch (error) {
    const message = `${subject}: expected a picture that this page may read, found one of another origin (${messageOf(error)}). Load it with crossorigin="anonymous", from a server that allows it (CORS).`;
    throw new VaekitError("INVALID_ARGUMENT", message, { cause: error });
  }
}

function blobOf(file: PictureFile, subject: string): Blob {
  if (file instanceof Blob) return file;
  if (file instanceof ArrayBuffer || ArrayBuffer.isView(file)) return new Blob([file as BlobPart]);
  const message = `${subject}: expected a picture in memory: a Blob, bytes, an ImageData, an ImageBitmap, an <img>, a canvas or a raster, found ${describeValue(file)}. Of an address, fetch it and pass await response.blob().`;
  throw new VaekitError("INVALID_ARGUMENT", message);
}

function checkCanvas(subject: string): void {
  if (typeof createImageBitmap !== "undefined" && typeof OffscreenCanvas !== "undefined") return;
  const message = `${subject}: expected a raster or an ImageData: picture files need createImageBitmap and OffscreenCanvas, which are not here. In Node, import vaekit/node.`;
  throw new VaekitError("UNSUPPORTED", message);
}

/** Upright by its EXIF orientation and in sRGB, as browsers do by default. */
async function bitmapOf(blob: Blob, subject: string): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(blob, { imageOrientation: "from-image", premultiplyAlpha: "none" });
  } catch (error) {
    const message = `${subject}: expected a picture that this browser reads, found ${blob.size} bytes of something else.`;
    throw new VaekitError("INVALID_FILE", message, { cause: error });
  }
}

function contextOf(width: number, height: number): OffscreenCanvasRenderingContext2D {
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  if (context !== null) return context;
  throw new VaekitError("RUNTIME", `A canvas of ${width}x${height} pixels could not be had.`);
}
