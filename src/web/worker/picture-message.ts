/** A picture on its way to a worker. */
import type { PictureSource } from "../../images/picture-source.ts";
import { webPictures } from "../pictures.ts";

/** What a worker is sent. */
export interface PictureMessage {
  readonly picture: PictureSource;
  readonly transfer: Transferable[];
}

/** Undefined for what cannot go there, and for what is no picture: whoever reads it in the page says so. */
export async function pictureMessage(source: PictureSource): Promise<PictureMessage | undefined> {
  if (typeof source !== "object") return undefined;
  if (source instanceof Blob || source instanceof ArrayBuffer || source instanceof Uint8Array) {
    return { picture: source, transfer: [] };
  }
  if (webPictures.ofPage?.has(source) === true) return bitmapMessage(source as ImageBitmapSource);
  if (!("width" in source && ArrayBuffer.isView(source.data))) return undefined;
  const { width, height, data } = source;
  const channels = "channels" in source ? { channels: source.channels } : {};
  return { picture: { width, height, data, ...channels }, transfer: [] };
}

/** A bitmap of its own, which moves: the page keeps what it shows. */
async function bitmapMessage(source: ImageBitmapSource): Promise<PictureMessage | undefined> {
  const bitmap = await createImageBitmap(source).catch(() => undefined);
  return bitmap && { picture: bitmap, transfer: [bitmap] };
}
