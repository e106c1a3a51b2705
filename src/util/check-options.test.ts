import { describe, expect, it } from "vitest";
import { runInNewContext } from "node:vm";
import {
  checkOptions,
  checkPath,
  checkValue,
  oneOf,
  optionKinds,
  positiveNumber,
  wholeNumber,
  type OptionKind,
  type OptionKinds,
} from "./check-options.ts";

interface Options {
  readonly device?: string;
  readonly threadCount?: number;
}

const kinds: OptionKinds<Options> = { device: optionKinds.text, threadCount: wholeNumber(1) };
const check = (options: object): void => {
  checkOptions<Options>("open", options, kinds, { as: "it is for single files." });
};

describe("checkOptions", () => {
  it("takes every option of the call, and options that are not set", () => {
    check({ device: "cpu", threadCount: 2, other: undefined });
    check({ device: undefined });
    check({});
  });

  it.each([
    [{ threads: 2 }, "open: unknown option threads; the options are device and threadCount."],
    [{ threadcount: 1 }, "open: unknown option threadcount; did you mean threadCount?"],
    [{ toString: 1 }, "open: unknown option toString; the options are device and threadCount."],
    [{ "a\u001b[2J": 1 }, 'open: unknown option "a\\u001b[2J"; the options are device and threadCount.'],
    [{ as: "sd1" }, "open: as: it is for single files."],
    [{ threadCount: 0.5 }, "open: threadCount: expected a whole number of at least 1, found 0.5."],
    [{ device: null }, "open: device: expected a text, found null."],
    [null, "open: expected options as an object, found null."],
    [[1, 2], "open: expected options as an object, found an array of 2."],
    [new Map([["device", "cpu"]]), "open: expected options as an object, found a Map."],
    [new URL("file:///options.json"), "open: expected options as an object, found a URL."],
    [Promise.resolve({}), "open: expected options as an object, found a Promise."],
    ["cpu", 'open: expected options as an object, found "cpu".'],
  ])("refuses %j", (options, message) => {
    const error = expect.objectContaining({ code: "INVALID_ARGUMENT", message }) as Error;
    expect(() => {
      check(options as object);
    }).toThrow(error);
  });
});

describe("the kinds of options", () => {
  const foreign = (code: string): unknown => runInNewContext(code) as unknown;
  const generator = { randn: () => 1, rand: () => 1 };
  const { signal } = new AbortController();
  const cases: [string, OptionKind, unknown[], unknown[]][] = [
    ["boolean", optionKinds.boolean, [true, false], [0, "true", null]],
    ["text", optionKinds.text, ["", "a"], [5, null, ["a"]]],
    ["callback", optionKinds.callback, [() => 1], [{}, "a", null]],
    [
      "signal",
      optionKinds.signal,
      [signal, AbortSignal.abort(), { aborted: false, addEventListener: () => 1 }],
      [null, {}, { aborted: 0, addEventListener: () => 1 }, { aborted: false }, "signal"],
    ],
    [
      "generator",
      optionKinds.generator,
      [generator],
      [null, {}, { randn: generator.randn }, { rand: generator.rand }, { randn: 1, rand: 1 }, 5],
    ],
    ["object", optionKinds.object, [{}, [], new Map()], [null, undefined, "a", () => 1]],
    ["finiteNumber", optionKinds.finiteNumber, [0, -1.5], [NaN, Infinity, "1", 1n]],
    ["aboveZero", optionKinds.aboveZero, [1e-9, 5], [0, -1, NaN, Infinity, "1"]],
    [
      "floats",
      optionKinds.floats,
      [new Float32Array(1), foreign("new Float32Array(1)")],
      [new Float64Array(1), [1], null],
    ],
    [
      "bytes",
      optionKinds.bytes,
      [new Uint8Array(1), foreign("new Uint8Array(1)")],
      [new Uint8ClampedArray(1), new ArrayBuffer(1), [1], null, "a"],
    ],
    ["checkedElsewhere", optionKinds.checkedElsewhere, [null, 5, "a"], []],
    ["oneOf", oneOf(["a", "b"]), ["a", "b"], ["c", "", null, ["a"]]],
    ["wholeNumber", wholeNumber(1), [1, 2, 2 ** 53 - 1], [0, -1, 1.5, NaN, Infinity, 2 ** 53, "1"]],
    ["positiveNumber", positiveNumber("bytes"), [1e-9, 1, 2.5], [0, -1, NaN, Infinity, "1"]],
  ];
  it.each(cases)("%s takes what it says and nothing else", (_, kind, good, bad) => {
    for (const value of good) expect(kind.fits(value), String(value)).toBe(true);
    for (const value of bad) expect(kind.fits(value), String(value)).toBe(false);
  });

  it.each([
    [optionKinds.boolean, "true or false"],
    [optionKinds.text, "a text"],
    [optionKinds.callback, "a function"],
    [optionKinds.signal, "an AbortSignal"],
    [optionKinds.generator, "a Generator, as Generator.torch(seed) makes"],
    [optionKinds.object, "an object"],
    [optionKinds.finiteNumber, "a finite number"],
    [optionKinds.aboveZero, "a finite number above 0"],
    [optionKinds.floats, "a Float32Array"],
    [optionKinds.bytes, "a Uint8Array"],
    [oneOf(["a", "b", "c"]), 'one of "a", "b" or "c"'],
    [wholeNumber(2), "a whole number of at least 2"],
    [positiveNumber("a number of bytes"), "a number of bytes"],
  ])("say what is expected", (kind, expected) => {
    expect(() => {
      checkValue("call: x", Symbol("s"), { ...kind, fits: kind.fits });
    }).toThrow(`call: x: expected ${expected}, found Symbol(s).`);
  });
});

describe("checkValue and checkPath", () => {
  it("let pass what fits", () => {
    checkValue("x", 5, optionKinds.finiteNumber);
    checkPath("x", "a", "a path");
    checkOptions("x", undefined, kinds);
  });

  it.each([
    ["", '""'],
    [5, "5"],
    [null, "null"],
    [undefined, "undefined"],
    [["a"], "an array of 1"],
  ])("refuse %j as a path", (value, found) => {
    expect(() => {
      checkPath("open", value, "a folder");
    }).toThrow(
      expect.objectContaining({
        code: "INVALID_ARGUMENT",
        message: `open: expected a folder, found ${found}.`,
      }) as Error,
    );
  });
});
