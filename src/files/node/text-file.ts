/** Text files from strangers. */
import { VaekitError } from "../../errors.ts";
import { readRegularFile, type WholeFileOptions } from "./regular-file.ts";

/**
 * The text of a regular file.
 *
 * @throws what {@link readRegularFile} throws; INVALID_FILE also when it is not UTF-8.
 */
export async function readTextFile(path: string, options: WholeFileOptions): Promise<string> {
  const bytes = await readRegularFile(path, options);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw new VaekitError("INVALID_FILE", `${path}: expected text in UTF-8, found other bytes.`, {
      cause: error,
    });
  }
}
