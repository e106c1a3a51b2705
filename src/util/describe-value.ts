/** What somebody passed, in a few words: for messages about arguments of the wrong kind. */
import { oneLine, quote, shorten } from "./printable.ts";

const longestText = 40;

/** `"exakt"`, `-1`, `null`, `an array of 3`, `a Uint8Array of 20000`, `an object with the keys a and b`: never long. */
export function describeValue(value: unknown): string {
  switch (typeof value) {
    case "string":
      return quote(shorten(value, longestText));
    case "bigint":
      return `${String(value).slice(0, longestText)}n`;
    case "function":
      return value.name === "" ? "a function" : `the function ${oneLine(shorten(value.name, longestText))}`;
    case "object":
      return value === null ? "null" : describeObject(value);
    case "undefined":
    case "boolean":
    case "number":
    case "symbol":
      return String(value);
  }
}

function describeObject(value: object): string {
  if (Array.isArray(value)) return `an array of ${value.length}`;
  const name = classNameOf(value);
  if (ArrayBuffer.isView(value) && "length" in value) return `${articleFor(name)} of ${String(value.length)}`;
  if (name !== "Object") return articleFor(name);
  const keys = Object.keys(value);
  if (keys.length === 0) return "an object without keys";
  const more = keys.length > 5 ? ", …" : "";
  return `an object with ${keys
    .slice(0, 5)
    .join(", ")
    .slice(0, 2 * longestText)}${more}`;
}

/** The class, by the tag that also objects of another realm have. */
export function classNameOf(value: object): string {
  const tag = Object.prototype.toString.call(value).slice("[object ".length, -1);
  if (tag !== "Object") return tag;
  const { constructor } = value as { readonly constructor?: unknown };
  return typeof constructor === "function" && constructor.name !== "" ? constructor.name : "Object";
}

/**
 * Whether a value is an object of keys, of any realm: neither a list, nor a Map, a URL or a promise, whose content would be
 * passed over in silence.
 */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && Object.prototype.toString.call(value) === "[object Object]";
}

const articleFor = (name: string): string => `${/^[aeio]/i.test(name) ? "an" : "a"} ${name}`;
