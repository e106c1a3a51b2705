/** Pictures in the browser: its own decoder and encoder. */
import { VaekitError } from "../errors.ts";
import { Picture } from "../images/picture.ts";
import { overWhite, withAlpha, type PictureCodec, type PictureFile } from "../images/picture-source.ts";
import { describeValue } from "../util/describe-value.ts";

/** A picture that a model made. */
export class WebPicture extends Picture {
  /** For a canvas: `context.putImageData(picture.toImageData(), 0, 0)`. */
  toImageData(): ImageData {
    return new ImageData(this.toRgba(), this.width, this.height);
  }

  async toPng(): Promise<Uint8Array> {
    const context = contextOf(this.width, this.height);
    context.putImageData(this.toImageData(), 0, 0);
    const blob = await context.canvas.convertToBlob({ type: "image/png" });
    return new Uint8Array(await blob.arrayBuffer());
  }
}

export const webPictures: PictureCodec = {
  decode: async (file, subject, alpha) => {
    const bitmap = await bitmapOf(blobOf(file, subject), subject);
    try {
      const { width, height } = bitmap;
      const context = contextOf(width, height);
      context.drawImage(bitmap, 0, 0);
      const pixels = context.getImageData(0, 0, width, height);
      return alpha === "keep" ? withAlpha(pixels) : overWhite(pixels);
    } finally {
      bitmap.close();
    }
  },
  picture: (raster) => new WebPicture(raster),
};

function blobOf(file: PictureFile, subject: string): Blob {
  if (file instanceof Blob) return file;
  if (file instanceof ArrayBuffer || ArrayBuffer.isView(file)) return new Blob([file as BlobPart]);
  const message = `${subject}: expected a picture in memory: a Blob, bytes, an ImageData or a raster, found ${describeValue(file)}. Of an address, fetch it and pass await response.blob().`;
  throw new VaekitError("INVALID_ARGUMENT", message);
}

/** Upright by its EXIF orientation and in sRGB, as browsers do by default. */
async function bitmapOf(blob: Blob, subject: string): Promise<ImageBitmap> {
  if (typeof createImageBitmap === "undefined" || typeof OffscreenCanvas === "undefined") {
    const message = `${subject}: expected a raster or an ImageData: picture files need createImageBitmap and OffscreenCanvas, which are not here. In Node, import vaekit/node.`;
    throw new VaekitError("UNSUPPORTED", message);
  }
  try {
    return await createImageBitmap(blob, { imageOrientation: "from-image" });
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
