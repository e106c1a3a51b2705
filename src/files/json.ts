/** JSON from strangers: measured before it is parsed, and never two readings of one text. Runs everywhere. */
import { messageOf, VaekitError } from "../errors.ts";
import { headBytes, identifyContent } from "./content-kind.ts";
import { quote, shorten } from "../util/printable.ts";
import { findDuplicateKey, findExcess, findLoneSurrogate, type JsonLimits } from "./json-scan.ts";

export type { JsonLimits } from "./json-scan.ts";

/**
 * What configs, indices and states may hold; parsed, it takes less than a second and less than 200 MB. The largest
 * published index of shards has about 100,000 names and 10 MB.
 */
export const jsonLimits: JsonLimits = {
  maxBytes: 16 * 2 ** 20,
  maxDepth: 128,
  maxValues: 450_000,
  maxStringLength: 2 ** 20,
};

export interface ParseJsonOptions {
  /** What messages call the text: a path, a URL. */
  readonly name: string;
  /** Other limits than {@link jsonLimits}. */
  readonly limits?: Partial<JsonLimits>;
  /**
   * Refuses strings with half of a surrogate pair, where they are names that other readers must see alike (default:
   * false, as Python writes such strings for paths that are no UTF-8).
   */
  readonly mustBeWellFormed?: boolean;
}

/**
 * Parses JSON.
 *
 * @param content UTF-8 bytes, with or without a byte order mark, or their text.
 * @throws INVALID_FILE when it is no JSON, exceeds a limit, or has a key twice in one object; INVALID_CONFIG when
 *   Python wrote NaN or Infinity into it, which JSON has no place for.
 */
export function parseJson(content: Uint8Array | string, options: ParseJsonOptions): unknown {
  const { name, mustBeWellFormed = false } = options;
  const limits = { ...jsonLimits, ...options.limits };
  checkSize(content, limits, name);
  const text = typeof content === "string" ? content : decode(content, name);
  const excess = findExcess(text, limits);
  if (excess !== undefined) throw invalid(name, `expected JSON with ${excess}.`);
  const value = parse(text, name);
  const duplicate = findDuplicateKey(text);
  if (duplicate !== undefined) {
    throw invalid(name, `has the key ${quote(duplicate)} twice in one object; remove one.`);
  }
  const half = mustBeWellFormed ? findLoneSurrogate(text) : undefined;
  if (half !== undefined) {
    throw invalid(name, `the string ${shorten(half)} has half of a surrogate pair, which no text can have.`);
  }
  return value;
}

function invalid(name: string, message: string, cause?: unknown): VaekitError {
  return new VaekitError("INVALID_FILE", `${name}: ${message}`, { cause });
}

function checkSize(content: Uint8Array | string, { maxBytes }: JsonLimits, name: string): void {
  const size = typeof content === "string" ? content.length : content.byteLength;
  if (size > maxBytes) throw invalid(name, `expected JSON of at most ${maxBytes} bytes, found ${size}.`);
}

function decode(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    const found = foundInstead(bytes) ?? "bytes that are no UTF-8 text.";
    throw invalid(name, `expected JSON in UTF-8, found ${found}`, error);
  }
}

function parse(text: string, name: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const notFinite = findNotFinite(text);
    if (notFinite !== undefined) {
      const message = `${name}: ${notFinite.key} is ${notFinite.value}; expected a finite number.`;
      throw new VaekitError("INVALID_CONFIG", message, { cause: error });
    }
    const found = foundInstead(new TextEncoder().encode(text.slice(0, headBytes)));
    throw invalid(
      name,
      found === undefined ? `expected JSON: ${messageOf(error)}.` : `expected JSON, found ${found}`,
      error,
    );
  }
}

/** What the bytes are in place of JSON, and what to do; undefined for JSON that is merely wrong, and for the unknown. */
function foundInstead(bytes: Uint8Array): string | undefined {
  const kind = identifyContent(bytes.subarray(0, headBytes), bytes.byteLength);
  const isMeantAsJson = /^[\ufeff\s]*[{["]/.test(new TextDecoder().decode(bytes.subarray(0, headBytes)));
  if (kind === undefined || (kind.kind === "other" && isMeantAsJson)) return undefined;
  return kind.kind === "other"
    ? `${kind.found}. ${kind.remedy}`
    : `${kind.found}; pass the config.json beside it.`;
}

/** Python's json module writes these three as bare words: as a key's value, or inside its list. */
function findNotFinite(text: string): { key: string; value: string } | undefined {
  const [, key, value] =
    /"([^"\n]{1,100})"\s{0,99}:\s{0,99}(?:\[[^\]"]{0,999}?)?(-?Infinity|NaN)\b/.exec(text) ?? [];
  return key === undefined || value === undefined ? undefined : { key, value };
}
