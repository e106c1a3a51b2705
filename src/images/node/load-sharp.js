/**
 * sharp, loaded with the first picture: its native library is slow to load, and a program may need none. Plain JavaScript,
 * as picture-file.js.
 */
import { PictureFault } from "./picture-fault.js";

/**
 * @returns {Promise<typeof import("sharp").default>}
 * @throws PictureFault, of code UNSUPPORTED, where sharp is not installed or has no library for this platform
 */
export async function loadSharp() {
  try {
    const { default: sharp } = await import("sharp");
    return sharp;
  } catch (error) {
    const [firstLine = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
    const message = `picture files need sharp, which could not be loaded on ${process.platform} ${process.arch} (${firstLine}). Install it with \`npm install sharp\`, with its optional dependencies`;
    throw new PictureFault("UNSUPPORTED", message, error);
  }
}
