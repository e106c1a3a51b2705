/** Which bounds, means and deviations generators take, next to where they stop. */
import { describe, expect, test } from "vitest";
import { Generator } from "./index.ts";

const generators = { torch: () => Generator.torch(0), philox: () => Generator.philox(0) };

describe.each(Object.entries(generators))("%s", (_, make) => {
  test("draws between equal bounds are that bound", () => {
    expect([...make().uniform([3], 0.5, 0.5).data]).toEqual([0.5, 0.5, 0.5]);
  });

  test.each([
    [1, 0],
    [NaN, 1],
    [0, NaN],
    [0, Infinity],
    [-Infinity, 0],
    [-Infinity, Infinity],
  ])("uniform refuses the bounds %d and %d", (low, high) => {
    expect(() => make().uniform([1], low, high)).toThrow(/uniform: expected finite low <= high/);
  });

  test("a deviation of 0 gives the mean", () => {
    expect([...make().normal([3], 2, 0).data]).toEqual([2, 2, 2]);
  });

  test.each([
    [0, -1],
    [NaN, 1],
    [0, NaN],
    [Infinity, 1],
    [0, Infinity],
  ])("normal refuses a mean of %d with a deviation of %d", (mean, std) => {
    expect(() => make().normal([1], mean, std)).toThrow(
      /normal: expected a finite mean and a finite std >= 0/,
    );
  });
});
