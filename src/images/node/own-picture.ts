/**
 * The mark in pictures that vaekit makes to be looked at: reconstructions and sample sheets. It goes into the EXIF
 * description, which stays with a file that is renamed or copied, so that no listing of a folder takes such a picture
 * for a photograph.
 */
import { open } from "node:fs/promises";
import { extname } from "node:path";

/** A kind of picture that vaekit makes to be looked at; a listing of a folder leaves such pictures out. */
export type OwnPicture = "reconstruction" | "sample sheet";

export const ownPictures = ["reconstruction", "sample sheet"] as const satisfies readonly OwnPicture[];

const mark = "vaekit made this: ";

/** What {@link isOwnPicture} finds. */
export function ownDescription(kind: OwnPicture): string {
  return `${mark}${kind}`;
}

/** Our encoder writes the description before the pixels, but in WebP, where it comes last. */
const searchedBytes = 512;

/** Whether the file carries the mark; false for what cannot be read, and for formats that vaekit does not write. */
export async function isOwnPicture(path: string): Promise<boolean> {
  const extension = extname(path).toLowerCase();
  if (![".png", ".jpg", ".jpeg", ".webp"].includes(extension)) return false;
  try {
    await using file = await open(path);
    const start = extension === ".webp" ? Math.max(0, (await file.stat()).size - searchedBytes) : 0;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(searchedBytes), 0, searchedBytes, start);
    return buffer.subarray(0, bytesRead).includes(mark);
  } catch {
    return false;
  }
}
