/** PNG files inside a page. */
import { VaekitError } from "../errors.ts";

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** Bytes that become one argument list at a time: `String.fromCharCode` takes no millions. */
const chunkBytes = 0x8000;

/**
 * `data:image/png;base64,…`
 *
 * @throws INVALID_ARGUMENT unless the bytes begin as every PNG file does.
 */
export function pngDataUri(png: Uint8Array, subject: string): string {
  if (signature.some((byte, i) => png[i] !== byte)) {
    throw new VaekitError(
      "INVALID_ARGUMENT",
      `${subject}: expected the bytes of a PNG file, found ${png.length} bytes without its signature.`,
    );
  }
  let binary = "";
  for (let start = 0; start < png.length; start += chunkBytes) {
    binary += String.fromCharCode(...png.subarray(start, start + chunkBytes));
  }
  return `data:image/png;base64,${btoa(binary)}`;
}
