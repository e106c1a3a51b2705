/** JSON files from strangers, read with errors that name the file and the place. */
import { messageOf, VaekitError } from "../../errors.ts";
import { openFileSource } from "./file-source.ts";

/** No config or index comes near this; a larger file is something else under that name. */
const maxJsonBytes = 64 * 2 ** 20;

/**
 * The parsed content of a JSON file.
 *
 * @throws NOT_FOUND, IO, INVALID_FILE when it is not JSON; INVALID_CONFIG when Python wrote NaN or Infinity
 *   into it, which JSON has no place for.
 */
export async function readJsonFile(path: string): Promise<unknown> {
  const source = await openFileSource(path);
  if (source.byteLength > maxJsonBytes) {
    throw new VaekitError(
      "INVALID_FILE",
      `${path}: expected a JSON file of at most ${maxJsonBytes} bytes, found ${source.byteLength}.`,
    );
  }
  const bytes = await source.read(0, source.byteLength);
  let text = "";
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return JSON.parse(text) as unknown;
  } catch (error) {
    const notFinite = findNotFinite(text);
    if (notFinite !== undefined) {
      throw new VaekitError(
        "INVALID_CONFIG",
        `${path}: ${notFinite.key} is ${notFinite.value}; expected a finite number.`,
        { cause: error },
      );
    }
    throw new VaekitError("INVALID_FILE", `${path}: expected JSON: ${messageOf(error)}.`, { cause: error });
  }
}

/** Python's json module writes these three as bare words: as a key's value, or inside its list. */
function findNotFinite(text: string): { key: string; value: string } | undefined {
  const [, key, value] = /"([^"\n]{1,100})"\s*:\s*(?:\[[^\]"]*?)?(-?Infinity|NaN)\b/.exec(text) ?? [];
  return key === undefined || value === undefined ? undefined : { key, value };
}
