import { describe, expect, it } from "vitest";
import { Tensor } from "../tensor/tensor.ts";
import { channelsOf, histogramOf, summarize } from "./statistics.ts";

describe("a summary", () => {
  it("has the mean, the population's deviation, and both ends of the range", () => {
    const tensor = Tensor.from(new Float32Array([-3, -1, -1, 1]), [2, 2]);
    // Squares about -1: 4, 0, 0, 4.
    expect(summarize(tensor)).toEqual({ mean: -1, std: Math.sqrt(2), min: -3, max: 1 });
    expect(summarize(Tensor.from(new Float32Array([2, 5]), [2]))).toEqual({
      mean: 3.5,
      std: 1.5,
      min: 2,
      max: 5,
    });
    expect(summarize(Tensor.from(new Float32Array([-5, -2]), [2]))).toMatchObject({ min: -5, max: -2 });
  });

  it("adds up in double precision", () => {
    const values = new Float32Array(3000).fill(0.1);
    // In float32 the sum of so many tenths is off in the fifth digit.
    expect(summarize(Tensor.from(values, [3000])).mean).toBeCloseTo(Math.fround(0.1), 12);
  });

  it("of 16-bit numbers is that of their values", () => {
    const half = Tensor.from(new Float32Array([1, 2]), [2]).toFloat("float16");
    expect(summarize(half)).toEqual({ mean: 1.5, std: 0.5, min: 1, max: 2 });
  });
});

describe("a histogram of values", () => {
  it("has bins from the least to the greatest, which is in the last one", () => {
    expect(histogramOf(new Float32Array([1, 1.5, 2, 3, 5]), 4)).toEqual({
      low: 1,
      high: 5,
      counts: [2, 1, 1, 1],
    });
    expect(histogramOf(new Float32Array([-5, -1]), 2)).toEqual({ low: -5, high: -1, counts: [1, 1] });
    expect(histogramOf(new Float32Array([0, 1])).counts).toHaveLength(480);
  });

  it("leaves out what is not finite", () => {
    const values = new Float32Array([NaN, 0, Infinity, 2, -Infinity]);
    expect(histogramOf(values, 2)).toEqual({ low: 0, high: 2, counts: [1, 1] });
  });

  it("has a range of one about a constant, and about zero where there is nothing", () => {
    expect(histogramOf(new Float32Array([3, 3]), 2)).toEqual({ low: 2.5, high: 3.5, counts: [0, 2] });
    expect(histogramOf(new Float32Array([]), 2)).toEqual({ low: -0.5, high: 0.5, counts: [0, 0] });
    expect(histogramOf(new Float32Array([NaN]), 2)).toEqual({ low: -0.5, high: 0.5, counts: [0, 0] });
  });
});

it("the channels of latents are their values, without a copy", () => {
  const latents = Tensor.from(
    Float32Array.from({ length: 12 }, (_, i) => i),
    [1, 2, 3, 2],
  );
  const channels = channelsOf(latents);
  expect(channels).toEqual([new Float32Array([0, 1, 2, 3, 4, 5]), new Float32Array([6, 7, 8, 9, 10, 11])]);
  expect(channels[1]!.buffer).toBe(latents.data.buffer);
});
