import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { classNameOf, describeValue, isRecord } from "./describe-value.ts";

class Odd {
  readonly a = 1;
}
const foreign = (code: string): unknown => runInNewContext(code) as unknown;
const longName = { ["f".repeat(100)]: () => 1 }["f".repeat(100)];

describe("describeValue", () => {
  it.each<[unknown, string]>([
    ["exakt", '"exakt"'],
    ["a\nb", '"a\\nb"'],
    ["x".repeat(40), `"${"x".repeat(40)}"`],
    ["x".repeat(41), `"${"x".repeat(39)}…"`],
    [-1, "-1"],
    [NaN, "NaN"],
    [true, "true"],
    [undefined, "undefined"],
    [null, "null"],
    [Symbol("s"), "Symbol(s)"],
    [5n, "5n"],
    [10n ** 60n, `1${"0".repeat(39)}n`],
    [() => 1, "a function"],
    [parseInt, "the function parseInt"],
    [longName, `the function ${"f".repeat(39)}…`],
    [[1, 2, 3], "an array of 3"],
    [new Uint8Array(20_000), "a Uint8Array of 20000"],
    [new Int8Array(2), "an Int8Array of 2"],
    [new DataView(new ArrayBuffer(2)), "a DataView"],
    [new Map(), "a Map"],
    [new Odd(), "an Odd"],
    [new URL("http://x"), "a URL"],
    [Promise.resolve(), "a Promise"],
    [new Date(0), "a Date"],
    [new Error("x"), "an Error"],
    [{}, "an object without keys"],
    [Object.create(null), "an object without keys"],
    [{ a: 1 }, "an object with a"],
    [{ a: 1, b: 2, c: 3, d: 4, e: 5 }, "an object with a, b, c, d, e"],
    [{ a: 1, b: 2, c: 3, d: 4, e: 5, f: 6 }, "an object with a, b, c, d, e, …"],
    [{ ["k".repeat(200)]: 1 }, `an object with ${"k".repeat(80)}`],
  ])("says what was passed, case %#", (value, text) => {
    expect(describeValue(value)).toBe(text);
  });

  it("knows the classes of another realm", () => {
    expect(describeValue(foreign("new Uint8Array(3)"))).toBe("a Uint8Array of 3");
    expect(describeValue(foreign("[1, 2]"))).toBe("an array of 2");
    expect(describeValue(foreign("({ a: 1 })"))).toBe("an object with a");
  });
});

it("a class is known by its tag, then by its constructor", () => {
  expect(
    [
      new Map(),
      new Odd(),
      {},
      Object.create(null) as object,
      { constructor: 5 },
      { constructor: () => 1 },
    ].map(classNameOf),
  ).toEqual(["Map", "Odd", "Object", "Object", "Object", "constructor"]);
  expect(
    classNameOf(
      new (class {
        readonly a = 1;
      })(),
    ),
  ).toBe("Object");
  expect(classNameOf({ [Symbol.toStringTag]: "Blob" })).toBe("Blob");
});

it("objects of keys are those of any realm, and nothing that holds its content elsewhere", () => {
  for (const value of [{}, { a: 1 }, Object.create(null), new Odd(), foreign("({})")])
    expect(isRecord(value)).toBe(true);
  for (const value of [
    null,
    undefined,
    5,
    "a",
    [],
    new Map(),
    new URL("http://x"),
    () => 1,
    Promise.resolve(),
  ]) {
    expect(isRecord(value)).toBe(false);
  }
});
