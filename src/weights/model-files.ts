/** The files of a model's folder, wherever they are: on the disk, behind an address, chosen by a user. */
import { VaekitError } from "../errors.ts";
import { jsonLimits, parseJson } from "../files/index.ts";
import type { ByteSource } from "../tensor/byte-source.ts";

/** A folder of which only the files themselves matter. */
export interface ModelFiles {
  /** For messages. */
  readonly name: string;
  /** Its files' names, in order; undefined where nobody can list them. */
  readonly names: readonly string[] | undefined;
  /** What messages call a file in it. */
  pathOf(file: string): string;
  /** @throws NOT_FOUND when it has no such file, and whatever the place throws. */
  open(file: string): Promise<ByteSource>;
}

/**
 * The parsed content of a JSON file. A file above the limit is not read.
 *
 * @throws INVALID_FILE when it is not JSON or too large for a config or an index; INVALID_CONFIG when Python wrote NaN or
 *   Infinity into it, which JSON has no place for.
 */
export async function readJsonSource(source: ByteSource): Promise<unknown> {
  const { name, byteLength } = source;
  if (byteLength > jsonLimits.maxBytes) {
    const message = `${name}: expected a JSON file of at most ${jsonLimits.maxBytes} bytes, found ${byteLength}.`;
    throw new VaekitError("INVALID_FILE", message);
  }
  return parseJson(await source.read(0, byteLength), { name });
}

/** The first of these files that is there. @throws as `open` for the first one, where none is. */
export async function openFirst(
  files: ModelFiles,
  candidates: readonly string[],
): Promise<{ readonly file: string; readonly source: ByteSource }> {
  let first: unknown;
  for (const file of candidates) {
    try {
      return { file, source: await files.open(file) };
    } catch (error) {
      if (!(error instanceof VaekitError) || error.code !== "NOT_FOUND") throw error;
      first ??= error;
    }
  }
  throw first;
}
