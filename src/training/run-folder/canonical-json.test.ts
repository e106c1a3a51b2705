import { describe, expect, it } from "vitest";
import { canonicalJson, differencesOf, fingerprintOf, isJsonObject } from "./canonical-json.ts";

describe("canonicalJson", () => {
  it("is one text for equal values, whatever the order of their keys", () => {
    const text =
      '{\n  "a": [\n    1,\n    {\n      "c": null,\n      "d": "x"\n    }\n  ],\n  "b": true\n}\n';
    expect(canonicalJson({ b: true, a: [1, { d: "x", c: null }] }, "it")).toBe(text);
    expect(canonicalJson({ a: [1, { c: null, d: "x", e: undefined }], b: true }, "it")).toBe(text);
    expect(canonicalJson(Object.assign(Object.create(null) as object, { a: 1 }) as never, "it")).toBe(
      '{\n  "a": 1\n}\n',
    );
  });

  it.each([
    [{ a: [0, NaN] }, "it.a[1]: expected .* found NaN"],
    [{ a: -Infinity }, "it.a: expected .* found -Infinity"],
    [{ a: { b: 1n } }, "it.a.b: expected .* found 1"],
    [[new Date(0)], "it[0]: expected .* found a Date"],
    [new Map(), "it: expected .* found a Map"],
    [[undefined], "it[0]: expected .* found undefined"],
    [() => 1, "it: expected"],
  ])("refuses what JSON would change: %o", (value, message) => {
    const [place, ...rest] = message.split(" .* ");
    expect(() => canonicalJson(value as never, "it")).toThrow(place);
    for (const part of rest) expect(() => canonicalJson(value as never, "it")).toThrow(part);
    expect(() => canonicalJson(value as never, "it")).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT" }),
    );
  });
});

describe("fingerprintOf", () => {
  it("is equal for equal values alone", () => {
    expect(fingerprintOf({ a: 1, b: 2 })).toBe(fingerprintOf({ b: 2, a: 1 }));
    expect(fingerprintOf({ a: 1 })).not.toBe(fingerprintOf({ a: 2 }));
    expect(fingerprintOf(null)).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe("isJsonObject", () => {
  it("is for objects with keys", () => {
    expect([{}, { a: 1 }, [], null, 1, "a", true].map((value) => isJsonObject(value as never))).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
      false,
    ]);
  });
});

describe("differencesOf", () => {
  it("finds none between equal values", () => {
    expect(differencesOf({ a: [1, 2], b: { c: "x" } }, { b: { c: "x" }, a: [1, 2] })).toEqual([]);
    expect(differencesOf("a", "a")).toEqual([]);
    expect(differencesOf(null, null)).toEqual([]);
  });

  it("names the places in the order of their keys, lists as a whole", () => {
    expect(differencesOf({ b: 1, a: { x: [1], y: 2 } }, { b: 2, a: { x: [1, 2], z: 3 } })).toEqual([
      { path: "a.x", found: [1], expected: [1, 2] },
      { path: "a.y", found: 2, expected: undefined },
      { path: "a.z", found: undefined, expected: 3 },
      { path: "b", found: 1, expected: 2 },
    ]);
  });

  it("compares the values themselves where one of them is no object", () => {
    expect(differencesOf("a", { b: 1 })).toEqual([{ path: "", found: "a", expected: { b: 1 } }]);
    expect(differencesOf(undefined, 1)).toEqual([{ path: "", found: undefined, expected: 1 }]);
    expect(differencesOf([1], { 0: 1 })).toHaveLength(1);
  });
});
