/** Small text files from strangers. */
import { VaekitError } from "../../errors.ts";
import { openFileSource } from "./file-source.ts";

/**
 * The text of a file. Devices, pipes and sockets, which may never end, are refused before they are opened.
 *
 * @param maxBytes what no sound file of this kind comes near.
 * @throws NOT_FOUND, IO, INVALID_FILE when it is no regular file, is larger, or is not UTF-8.
 */
export async function readTextFile(
  path: string,
  { maxBytes }: { readonly maxBytes: number },
): Promise<string> {
  const source = await openFileSource(path);
  if (source.byteLength > maxBytes) {
    const message = `${path}: expected a text file of at most ${maxBytes} bytes, found ${source.byteLength}.`;
    throw new VaekitError("INVALID_FILE", message);
  }
  const bytes = await source.read(0, source.byteLength);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw new VaekitError("INVALID_FILE", `${path}: expected text in UTF-8, found other bytes.`, {
      cause: error,
    });
  }
}
