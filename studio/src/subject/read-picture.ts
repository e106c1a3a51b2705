/** Picture files as the browser reads them. */
import type { Raster } from "vaekit";
import { KnownFailure } from "../engine/failure.ts";

const side = 512;

/** A picture file as it is. */
export async function rasterOf(file: Blob): Promise<Raster> {
  const bitmap = await read(file);
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })!;
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return rgbOf(context.getImageData(0, 0, width, height));
}

/** The largest square in a picture's middle, 512 pixels wide and high, over white. */
export async function squareOf(file: Blob): Promise<Raster> {
  const bitmap = await read(file);
  const cut = Math.min(bitmap.width, bitmap.height);
  const context = new OffscreenCanvas(side, side).getContext("2d", { willReadFrequently: true })!;
  context.imageSmoothingQuality = "high";
  context.fillStyle = "white";
  context.fillRect(0, 0, side, side);
  const left = (bitmap.width - cut) / 2;
  const top = (bitmap.height - cut) / 2;
  context.drawImage(bitmap, left, top, cut, cut, 0, 0, side, side);
  bitmap.close();
  return rgbOf(context.getImageData(0, 0, side, side));
}

async function read(file: Blob): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new KnownFailure("noPicture", message, { cause: error });
  }
}

function rgbOf({ width, height, data }: ImageData): Raster {
  const samples = new Uint8Array(width * height * 3);
  for (let pixel = 0; pixel < width * height; pixel++) {
    samples.set(data.subarray(4 * pixel, 4 * pixel + 3), 3 * pixel);
  }
  return { width, height, channels: 3, data: samples };
}
