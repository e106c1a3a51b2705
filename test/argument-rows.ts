/** Calls with one argument left open, and what is passed in its place: each is taken, or refused with an error of vaekit. */
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { VaekitError } from "../src/errors.ts";

/** What is passed in the place of every argument. */
export const values = {
  undefined: undefined,
  null: null,
  object: {},
  list: [],
  "list of nulls": [null],
  fraction: 1.5,
  negative: -1,
  NaN: NaN,
  "empty text": "",
  text: "7",
  true: true,
  bigint: 2n ** 64n,
  Map: new Map(),
  symbol: Symbol("s"),
  function: (): void => undefined,
} as const;
type ValueName = keyof typeof values;

export const anything = Object.keys(values) as ValueName[];

/** A call with one argument left open, and the values above that it takes. */
export interface Row {
  readonly call: (value: never) => unknown;
  readonly takes: readonly ValueName[];
}
export const row = (call: Row["call"], ...takes: ValueName[]): Row => ({ call, takes });
/** An argument that may be left out. */
export const optional = (call: Row["call"], ...takes: ValueName[]): Row => row(call, "undefined", ...takes);
/** Options of which each has a default: an object without keys will do. */
export const options = (call: Row["call"]): Row => optional(call, "object", "Map", "function");

/** By export, or by class and method; several of one differ by what follows the colon. */
export type Rows = Readonly<Record<string, Row>>;

/** Tests that each call refuses every value that it does not take. */
export function describeRows(rows: Rows): void {
  describe.each(Object.entries(rows))("%s", (name, { call, takes }) => {
    test("refuses every other value with an error of vaekit", async () => {
      const wrong: string[] = [];
      for (const [valueName, value] of Object.entries(values)) {
        const error = await Promise.resolve()
          .then(() => call(value as never))
          .then(
            () => undefined,
            (thrown: unknown) => thrown,
          );
        const isTaken = takes.includes(valueName as ValueName);
        const isRight = isTaken ? !(error instanceof TypeError) : error instanceof VaekitError;
        if (!isRight) wrong.push(`${valueName}: ${inspect(error)}`);
        else if (error instanceof Error && error.message.includes("\n"))
          wrong.push(`${valueName}: two lines`);
      }
      expect(wrong, `${name}:\n  ${wrong.join("\n  ")}\n`).toEqual([]);
    });
  });
}

/** Classes that callers do not construct. */
const withoutConstructor = new Set([
  "AutoencoderDC",
  "AutoencoderKL",
  "AutoencoderKLFlux2",
  "AutoencoderKLHunyuanImage",
  "AutoencoderKLQwenImage",
  "AutoencoderKLQwenImage21",
  "AutoencoderKLWan",
  "AutoencoderTiny",
  "Encoded",
  "MlpVae",
  "PictureFiles",
  "Tensor",
  "Trainer",
  "Vae",
  "VQModel",
  "ValueObject",
  "VaekitError",
]);

/** Methods that callers do not call: not public in the types, or between vaekit and its runtimes. */
const internal = new Set([
  "configOf",
  "fillUniformFloat64",
  "fillNormalFloat64",
  "fillNormalToRound",
  "fillIntegers",
  "fillSwaps",
  "resized",
  "flooredSide",
  "converted",
  "createState",
  "createWorkspace",
  // From parts that openVae has checked.
  "of",
]);

export type Callable = (...parameters: never[]) => unknown;
const isFunction = (value: unknown): value is Callable => typeof value === "function";
const takesNothing = (call: Callable): boolean =>
  /^(async )?(function )?[\w$]+\(\)/.test(Function.prototype.toString.call(call));

function methodsOf(owner: object, name: string): string[] {
  return Object.getOwnPropertyNames(owner).flatMap((key) => {
    const value: unknown = Object.getOwnPropertyDescriptor(owner, key)!.value;
    const isMethod = isFunction(value) && key !== "constructor" && !internal.has(key) && !takesNothing(value);
    return isMethod ? [`${name}.${key}`] : [];
  });
}

/** The methods of a class and of those that it extends, up to the language's own. */
export function methodsOfClass(owner: Callable): string[] {
  const found: string[] = [];
  let prototype = owner.prototype as object | null;
  while (prototype !== null && prototype !== Object.prototype && prototype !== Error.prototype) {
    const { name } = prototype.constructor;
    found.push(...methodsOf(prototype.constructor, name), ...methodsOf(prototype, name));
    prototype = Object.getPrototypeOf(prototype) as object | null;
  }
  return found;
}

const isClass = (value: Callable): boolean => Function.prototype.toString.call(value).startsWith("class");

/** The names of the rows that an export needs. */
export function rowsNeeded(name: string, value: unknown): string[] {
  if (!isFunction(value)) return typeof value === "object" && value !== null ? methodsOf(value, name) : [];
  if (!isClass(value)) return takesNothing(value) ? [] : [name];
  return [...(withoutConstructor.has(name) ? [] : [name]), ...methodsOfClass(value)];
}
