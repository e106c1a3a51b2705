/**
 * The options of a public call, checked at run time: JavaScript knows no types, and an option that is misspelt would be
 * as if it were not there. A table for each options type names every key, by type.
 */
import { VaekitError } from "../errors.ts";
import { classNameOf, describeValue, isRecord } from "./describe-value.ts";
import { adviceForName, joinNames } from "./nearest-name.ts";
import { shownName } from "./printable.ts";

/** What an option may be. Left out, or undefined, it takes its default. */
export interface OptionKind {
  /** As in "expected …". */
  readonly expected: string;
  readonly fits: (value: unknown) => boolean;
}

/** A kind for every key of an options type. */
export type OptionKinds<T> = { readonly [K in keyof Required<T>]: OptionKind };

const isOfType =
  (type: string) =>
  (value: unknown): boolean =>
    typeof value === type;

export const optionKinds = {
  boolean: { expected: "true or false", fits: isOfType("boolean") },
  text: { expected: "a text", fits: isOfType("string") },
  callback: { expected: "a function", fits: isOfType("function") },
  /** By what it has, since one of another realm is as good. */
  signal: {
    expected: "an AbortSignal",
    fits: (value) =>
      isObject(value) && typeof value.aborted === "boolean" && typeof value.addEventListener === "function",
  },
  /** By its methods: this layer knows no generators. */
  generator: {
    expected: "a Generator, as Generator.torch(seed) makes",
    fits: (value) => isObject(value) && typeof value.randn === "function" && typeof value.rand === "function",
  },
  object: { expected: "an object", fits: isObject },
  finiteNumber: { expected: "a finite number", fits: Number.isFinite },
  aboveZero: {
    expected: "a finite number above 0",
    fits: (value) => Number.isFinite(value) && Number(value) > 0,
  },
  /** By the tag, which those of another realm have, too. */
  floats: {
    expected: "a Float32Array",
    fits: (value) => isObject(value) && classNameOf(value) === "Float32Array",
  },
  bytes: {
    expected: "a Uint8Array",
    fits: (value) => isObject(value) && classNameOf(value) === "Uint8Array",
  },
  /** Whoever uses the value checks it. */
  checkedElsewhere: { expected: "anything", fits: () => true },
} as const satisfies Record<string, OptionKind>;

export function oneOf(values: readonly string[]): OptionKind {
  const expected = `one of ${joinNames(values.map((value) => JSON.stringify(value)))}`;
  return { expected, fits: (value) => values.some((each) => each === value) };
}

export function wholeNumber(least: number): OptionKind {
  return {
    expected: `a whole number of at least ${least}`,
    fits: (value) => Number.isSafeInteger(value) && Number(value) >= least,
  };
}

/** @param what as in "a positive number of bytes". */
export function positiveNumber(what: string): OptionKind {
  return { expected: what, fits: (value) => Number.isFinite(value) && Number(value) > 0 };
}

/**
 * @param subject the call, for messages: "encode".
 * @param elsewhere options of other calls, and what to do with them here.
 * @throws INVALID_ARGUMENT for options that are no object, an unknown key, with the nearest known one, or a value of
 *   another kind.
 */
export function checkOptions<T extends object>(
  subject: string,
  options: T | undefined,
  kinds: OptionKinds<T>,
  elsewhere: Readonly<Record<string, string>> = {},
): void {
  if (options === undefined) return;
  if (!isRecord(options)) {
    throw invalid(`${subject}: expected options as an object, found ${describeValue(options)}.`);
  }
  const known = new Map(Object.entries<OptionKind>(kinds));
  for (const [key, value] of Object.entries<unknown>(options)) {
    if (value === undefined) continue;
    const kind = known.get(key);
    if (kind === undefined) throw invalid(unknownText(subject, key, [...known.keys()], elsewhere));
    if (kind.fits(value)) continue;
    throw invalid(`${subject}: ${key}: expected ${kind.expected}, found ${describeValue(value)}.`);
  }
}

function unknownText(
  subject: string,
  key: string,
  known: readonly string[],
  elsewhere: Readonly<Record<string, string>>,
): string {
  const name = shownName(key);
  if (Object.hasOwn(elsewhere, key)) return `${subject}: ${name}: ${elsewhere[key]!}`;
  return `${subject}: unknown option ${name}; ${adviceForName(key, known, "options")}`;
}

/**
 * One argument.
 *
 * @param subject as in "interpolateLatents: fraction".
 * @throws INVALID_ARGUMENT for a value of another kind.
 */
export function checkValue(subject: string, value: unknown, { expected, fits }: OptionKind): void {
  if (!fits(value)) throw invalid(`${subject}: expected ${expected}, found ${describeValue(value)}.`);
}

/** @throws INVALID_ARGUMENT unless it is a text that is not empty. */
export function checkPath(subject: string, path: unknown, expected: string): void {
  if (typeof path === "string" && path !== "") return;
  throw invalid(`${subject}: expected ${expected}, found ${describeValue(path)}.`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function invalid(message: string): VaekitError {
  return new VaekitError("INVALID_ARGUMENT", message);
}
