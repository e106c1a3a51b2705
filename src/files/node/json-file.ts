/** JSON files from strangers, read with errors that name the file and the place. */
import { VaekitError } from "../../errors.ts";
import { jsonLimits, parseJson } from "../json.ts";
import { openFileSource } from "./file-source.ts";

/**
 * The parsed content of a JSON file. A file above the limit is not read.
 *
 * @throws NOT_FOUND, IO, INVALID_FILE when it is not JSON or too large for a config, an index or a state;
 *   INVALID_CONFIG when Python wrote NaN or Infinity into it, which JSON has no place for.
 */
export async function readJsonFile(path: string): Promise<unknown> {
  return parseJson(await readJsonBytes(path), { name: path });
}

/**
 * The bytes of a file that is no larger than any JSON that `parseJson` takes.
 *
 * @throws NOT_FOUND, IO, INVALID_FILE when it is larger.
 */
export async function readJsonBytes(path: string): Promise<Uint8Array> {
  const source = await openFileSource(path);
  if (source.byteLength > jsonLimits.maxBytes) {
    throw new VaekitError(
      "INVALID_FILE",
      `${path}: expected a JSON file of at most ${jsonLimits.maxBytes} bytes, found ${source.byteLength}.`,
    );
  }
  return source.read(0, source.byteLength);
}
