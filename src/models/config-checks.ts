/**
 * Checks of the values in a config, with words for what is expected and for what was found. Every value comes from a
 * stranger's file: each has a bound, and no message is longer than a line, whatever was found.
 */
import { quote, shorten } from "../util/printable.ts";

/** A value that passed, perhaps in another form; or what was expected instead, and of a list, which item is wrong. */
export type Check<T> = (value: unknown) => { value: T } | { expected: string; found?: string };

const accept = <T>(value: T): { value: T } => ({ value });

/** A whole number from 1 to `max`. JSON has one type of number: 2.0 is 2. */
export function positiveInteger(max: number): Check<number> {
  return (value) => {
    const isWhole = typeof value === "number" && Number.isSafeInteger(value) && value > 0;
    if (!isWhole) return { expected: "a positive whole number" };
    return value <= max ? accept(value) : { expected: `a whole number of at most ${max}` };
  };
}

/** A number that float32, in which latents are computed, can hold. -0 becomes 0. */
export const finiteNumber: Check<number> = (value) => {
  if (typeof value !== "number" || !Number.isFinite(value)) return { expected: "a finite number" };
  return Number.isFinite(Math.fround(value)) ? accept(value + 0) : { expected: "a number that fits float32" };
};

/** The smallest float32 that keeps all its digits. */
const smallestNormal = 2 ** -126;

/** As {@link finiteNumber}, above 0, and so that dividing by it stays finite. */
export const positiveNumber: Check<number> = (value) => {
  if (typeof value !== "number" || !Number.isFinite(value) || value <= 0) {
    return { expected: "a finite number above 0" };
  }
  const fits = Number.isFinite(Math.fround(value)) && value >= smallestNormal;
  return fits ? accept(value) : { expected: "a number above 0 that fits float32" };
};

export const boolean: Check<boolean> = (value) =>
  typeof value === "boolean" ? accept(value) : { expected: "true or false" };

/** One of these names. */
export function oneOf<T extends string>(names: readonly T[]): Check<T> {
  return (value) => {
    const name = names.find((candidate) => candidate === value);
    return name === undefined ? { expected: names.map((each) => `"${each}"`).join(" or ") } : accept(name);
  };
}

/** null, or what `check` accepts. */
export function nullable<T>(check: Check<T>): Check<T | null> {
  return (value) => {
    if (value === null) return accept(null);
    const result = check(value);
    return "value" in result ? result : { ...result, expected: `${result.expected}, or null` };
  };
}

/** A list of 1 to `maxLength` items. */
export function listOf<T>(check: Check<T>, maxLength: number): Check<readonly T[]> {
  return (value) => {
    if (!Array.isArray(value) || value.length === 0) return { expected: "a list that is not empty" };
    if (value.length > maxLength) return { expected: `a list of at most ${maxLength} items` };
    const items: T[] = [];
    // By index: a list with holes has undefined in them.
    for (let i = 0; i < value.length; i++) {
      const result = check(value[i]);
      if ("expected" in result) {
        const found = `${describeFound(value[i])} at place ${i + 1}`;
        return { expected: `a list whose every item is ${result.expected}`, found };
      }
      items.push(result.value);
    }
    return accept(Object.freeze(items));
  };
}

/** How much of a value or a name a message shows. */
const maxShownLength = 80;

/** Why a check refused: "expected …, found …". */
export function describeRefusal(refusal: { expected: string; found?: string }, value: unknown): string {
  return `expected ${refusal.expected}, found ${refusal.found ?? describeFound(value)}`;
}

/** A value in a message: short ones as JSON has them, of others what they are. */
export function describeFound(value: unknown): string {
  if (typeof value === "number") return Object.is(value, -0) ? "-0" : String(value);
  if (typeof value === "string") return quote(shorten(value, maxShownLength));
  if (value === undefined) return "nothing";
  if (typeof value === "boolean" || value === null) return String(value);
  if (Array.isArray(value)) return describeList(value);
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

function describeList(list: readonly unknown[]): string {
  const isSimple = list.length <= 8 && list.every((item) => typeof item !== "object" || item === null);
  const text = isSimple ? `[${list.map(describeFound).join(", ")}]` : "";
  if (isSimple && text.length <= 2 * maxShownLength) return text;
  return `a list of ${list.length} ${list.length === 1 ? "item" : "items"}`;
}

/** A key in a message: as it is where it looks like one, else quoted, without control characters, and short. */
export function describeKey(key: string): string {
  return /^[\w.-]{1,80}$/.test(key) ? key : quote(shorten(key, maxShownLength));
}
