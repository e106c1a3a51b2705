/** JSON that a program wrote and will read again: one text per value, and nothing lost on the way. */
import { createHash } from "node:crypto";
import { VaekitError } from "../../errors.ts";

/** Whatever JSON can say. Numbers are finite; a member that is undefined is as good as absent. */
export type JsonValue =
  null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue | undefined };

/** Whether a JSON value is an object with keys. */
export function isJsonObject(value: JsonValue): value is { readonly [key: string]: JsonValue | undefined } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Indented JSON with sorted keys and a newline at the end: equal values have equal texts, whatever the order in
 * which their keys were set.
 *
 * @param subject what the value is, for the message.
 * @throws INVALID_ARGUMENT on NaN, an infinity, or whatever else JSON would silently change.
 */
export function canonicalJson(value: JsonValue, subject: string): string {
  return `${JSON.stringify(sorted(value, subject), null, 2)}\n`;
}

/** The SHA-256 of a value's canonical JSON, in hexadecimal: a fingerprint of a recipe's part, say. */
export function fingerprintOf(value: JsonValue): string {
  return createHash("sha256").update(canonicalJson(value, "fingerprint")).digest("hex");
}

function sorted(value: unknown, place: string): JsonValue {
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  if (Array.isArray(value)) return value.map((element, i) => sorted(element, `${place}[${i}]`));
  if (typeof value === "object" && isPlain(value)) {
    const entries = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(entries.map(([key, member]) => [key, sorted(member, `${place}.${key}`)]));
  }
  throw new VaekitError(
    "INVALID_ARGUMENT",
    `${place}: expected a value that JSON keeps as it is (finite numbers, strings, lists, plain objects), found ${describe(value)}.`,
  );
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function describe(value: unknown): string {
  return typeof value === "object" && value !== null ? `a ${value.constructor.name}` : String(value);
}

/** One place where two JSON values differ; `undefined` where one of them has nothing. */
export interface JsonDifference {
  /** `model.latentChannels`, or an empty text for the values themselves. */
  readonly path: string;
  readonly found: JsonValue | undefined;
  readonly expected: JsonValue | undefined;
}

/** Where two values differ, in the order of their sorted keys. */
export function differencesOf(
  found: JsonValue | undefined,
  expected: JsonValue | undefined,
  path = "",
): JsonDifference[] {
  if (found !== undefined && expected !== undefined) {
    if (isJsonObject(found) && isJsonObject(expected)) {
      const keys = [...new Set([...Object.keys(found), ...Object.keys(expected)])].sort();
      return keys.flatMap((key) =>
        differencesOf(found[key], expected[key], path === "" ? key : `${path}.${key}`),
      );
    }
    if (JSON.stringify(found) === JSON.stringify(expected)) return [];
  }
  return [{ path, found, expected }];
}
