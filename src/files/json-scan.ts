/** What a JSON text would cost to parse, and what JSON.parse would silently drop or let through, found without building it. */

const quoteCode = 0x22;
const backslashCode = 0x5c;
const minusCode = 0x2d;

/** What a JSON text may hold at most. */
export interface JsonLimits {
  /** Of the text in UTF-8. */
  readonly maxBytes: number;
  /** Lists and objects inside one another. */
  readonly maxDepth: number;
  /** Values of every kind, lists and objects included. */
  readonly maxValues: number;
  /** Characters of one string or key, escapes counted as they are written. */
  readonly maxStringLength: number;
}

/**
 * What in a text exceeds the limits of depth, values or strings; undefined for nothing. One pass, no memory. The text
 * need not be JSON: whatever it is, JSON.parse has no more to build than was counted here.
 */
export function findExcess(text: string, limits: JsonLimits): string | undefined {
  let depth = 0;
  let values = 1;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case quoteCode: {
        const end = endOfString(text, at);
        const length = end - at - 2;
        if (length > limits.maxStringLength) {
          return `strings of at most ${limits.maxStringLength} characters, found one of ${length}`;
        }
        at = end - 1;
        break;
      }
      case 0x5b: // [
      case 0x7b: // {
        depth++;
        values++;
        if (depth > limits.maxDepth)
          return `lists and objects at most ${limits.maxDepth} deep, found deeper ones`;
        break;
      case 0x5d: // ]
      case 0x7d: // }
        depth--;
        break;
      case 0x2c: // ,
        values++;
        break;
    }
    if (values > limits.maxValues) return `at most ${limits.maxValues} values, found more`;
  }
  return undefined;
}

/**
 * The first key that occurs twice in one object, at any depth. JSON.parse would keep the last one, and two readers of
 * one file must not see two different things.
 *
 * @param json text that JSON.parse has accepted.
 */
export function findDuplicateKey(json: string): string | undefined {
  // One set for each depth, emptied where an object begins.
  const keysByDepth: Set<string>[] = [];
  let depth = 0;
  for (let at = 0; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === 0x7b || code === 0x5b) {
      const keys = keysByDepth[depth++];
      if (keys === undefined) keysByDepth.push(new Set());
      else if (keys.size > 0) keys.clear();
    } else if (code === 0x7d || code === 0x5d) depth--;
    else if (code === quoteCode) {
      const end = endOfString(json, at);
      if (isFollowedByColon(json, end)) {
        const key = contentOf(json.slice(at, end));
        const keys = keysByDepth[depth - 1];
        if (keys?.has(key) === true) return key;
        keys?.add(key);
      }
      at = end - 1;
    }
  }
  return undefined;
}

/**
 * The first string or key with half of a surrogate pair, as it is written: it is no text, and no UTF-8 can hold it.
 *
 * @param json text that JSON.parse has accepted.
 */
export function findLoneSurrogate(json: string): string | undefined {
  // Decoded UTF-8 holds whole pairs only, so a half can come from an escape alone.
  const escape = /\\u[dD][89a-fA-F]/g;
  for (let found = escape.exec(json); found !== null; found = escape.exec(json)) {
    const start = startOfString(json, found.index);
    const end = endOfString(json, start);
    const string = json.slice(start, end);
    if (/\p{Surrogate}/u.test(contentOf(string))) return string;
    escape.lastIndex = end;
  }
  return undefined;
}

/**
 * The first number that is not written as digits alone: `2.0`, `1e0` and `-0` are integers to JSON.parse and to no
 * reader that expects a count.
 *
 * @param json text that JSON.parse has accepted.
 */
export function findNumberThatIsNoCount(json: string): string | undefined {
  for (let at = 0; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === quoteCode) at = endOfString(json, at) - 1;
    else if (code === minusCode || isDigit(code)) {
      let end = at + 1;
      while (end < json.length && /[\d.eE+-]/.test(json[end]!)) end++;
      const number = json.slice(at, end);
      if (!/^\d+$/.test(number)) return number;
      at = end - 1;
    }
  }
  return undefined;
}

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;

/** The index after the closing quote of the string that opens at `start`. */
function endOfString(json: string, start: number): number {
  let at = start + 1;
  for (; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === quoteCode) break;
    if (code === backslashCode) at++;
  }
  return at + 1;
}

/** The opening quote of the string that `inside` lies in: the nearest one that no backslash escapes. */
function startOfString(json: string, inside: number): number {
  let at = json.lastIndexOf('"', inside);
  while (isEscaped(json, at)) at = json.lastIndexOf('"', at - 1);
  return at;
}

function isEscaped(json: string, at: number): boolean {
  let backslashes = 0;
  while (json.charCodeAt(at - 1 - backslashes) === backslashCode) backslashes++;
  return backslashes % 2 === 1;
}

/** A string literal's content. */
function contentOf(literal: string): string {
  return literal.includes("\\") ? (JSON.parse(literal) as string) : literal.slice(1, -1);
}

function isFollowedByColon(json: string, end: number): boolean {
  for (let at = end; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === 0x3a) return true;
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return false;
  }
  return false;
}
