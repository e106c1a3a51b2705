/** Intervals of 95 %, and Student's t for them. */
import { describe, expect, it } from "vitest";
import { estimateFrom, studentQuantile } from "./confidence.ts";

describe("studentQuantile", () => {
  it("agrees with the published table", () => {
    expect(studentQuantile(1)).toBe(12.706);
    expect(studentQuantile(11)).toBeCloseTo(2.201, 2);
    expect(studentQuantile(30)).toBeCloseTo(2.042, 3);
    expect(studentQuantile(1e9)).toBeCloseTo(1.96, 4);
  });
});

describe("intervals", () => {
  it("need two units, and take the quantile of one fewer", () => {
    expect(estimateFrom(5, [])).toEqual({ value: 5, interval: null });
    expect(estimateFrom(5, [0])).toEqual({ value: 5, interval: null });
    // Variance 2 of two units, so 1 of their mean; t with one degree of freedom is 12.706.
    expect(estimateFrom(5, [1, -1])).toEqual({ value: 5, interval: [5 - 12.706, 5 + 12.706] });
  });

  it.each([
    [2, 4.303],
    [3, 3.182],
    [4, 2.776],
    [5, 2.571],
    [6, 2.447],
    [7, 2.365],
    [8, 2.306],
    [9, 2.262],
    [10, 2.228],
  ])("take Student's table for %i degrees of freedom", (degrees, quantile) => {
    expect(studentQuantile(degrees)).toBe(quantile);
  });

  // SciPy's t.ppf(0.975, degrees).
  it.each([
    [11, 2.200985],
    [12, 2.178813],
    [15, 2.13145],
    [20, 2.085963],
    [60, 2.000298],
    [120, 1.97993],
  ])("come near Student's t for %i degrees of freedom", (degrees, quantile) => {
    expect(Math.abs(studentQuantile(degrees) - quantile)).toBeLessThan(0.0005);
  });
});
