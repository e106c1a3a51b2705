/** The names of the pictures that one command writes. */
import { extname } from "node:path";

/** `photo.png`, or `photo.0.png`, `photo.1.png`, … of several. */
export function pictureNames(out: string, count: number): string[] {
  if (count === 1) return [out];
  const extension = extname(out);
  const stem = out.slice(0, -extension.length);
  return Array.from({ length: count }, (_, i) => `${stem}.${i}${extension}`);
}
