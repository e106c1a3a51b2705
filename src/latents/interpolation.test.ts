import { describe, expect, test } from "vitest";
import { Generator } from "../random/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import { combineLatents, interpolateLatents, interpolationPath } from "./interpolation.ts";

const row = (...values: number[]): Tensor<"float32"> =>
  Tensor.from(Float32Array.from(values), [1, values.length]);
const length = (tensor: Tensor<"float32">): number => Math.hypot(...tensor.data);

describe("interpolateLatents", () => {
  test("goes along the line or along the arc", () => {
    const [a, b] = [row(2, 0), row(0, 2)];
    expect(interpolateLatents(a, b, 0.25, "lerp")).toBeAllclose(row(1.5, 0.5), { absolute: 1e-6 });
    const thirty = Math.PI / 6;
    expect(interpolateLatents(a, b, 1 / 3, "slerp")).toBeAllclose(
      row(2 * Math.cos(thirty), 2 * Math.sin(thirty)),
      { absolute: 1e-6 },
    );
  });

  test("keeps the length of random latents only on the arc", () => {
    const [a, b] = [Generator.philox(1).randn([1, 4096]), Generator.philox(2).randn([1, 4096])];
    expect(length(interpolateLatents(a, b, 0.5, "slerp"))).toBeCloseTo((length(a) + length(b)) / 2, 0);
    expect(length(interpolateLatents(a, b, 0.5, "lerp"))).toBeLessThan(0.75 * length(a));
  });

  test("takes the line where there is no arc: parallel, opposite and zero vectors", () => {
    expect(interpolateLatents(row(1, 1), row(3, 3), 0.5)).toBeAllclose(row(2, 2), { absolute: 1e-6 });
    expect(interpolateLatents(row(1, 0), row(-1, 0), 0.5)).toBeAllclose(row(0, 0), { absolute: 1e-6 });
    expect(interpolateLatents(row(0, 0), row(2, 4), 0.5)).toBeAllclose(row(1, 2), { absolute: 1e-6 });
  });

  test("lets every sample of a batch go its own way", () => {
    const a = Tensor.from(Float32Array.of(1, 0, 5, 5), [2, 2]);
    const b = Tensor.from(Float32Array.of(0, 1, 7, 7), [2, 2]);
    const half = Math.SQRT1_2;
    expect(interpolateLatents(a, b, 0.5)).toBeAllclose(
      Tensor.from(Float32Array.of(half, half, 6, 6), [2, 2]),
      {
        absolute: 1e-6,
      },
    );
  });

  test("refuses latents of two shapes", () => {
    expect(() => interpolateLatents(row(1), row(1, 2), 0.5)).toThrow(
      "expected latents of one shape, found [1, 1] and [1, 2]",
    );
  });
});

describe("interpolationPath", () => {
  test("begins and ends where it should", () => {
    const path = interpolationPath(row(1, 0), row(0, 1), 5);
    expect(path.shape).toEqual([5, 2]);
    expect([...path.data.subarray(0, 2)]).toBeAllclose([1, 0], { absolute: 1e-7 });
    expect([...path.data.subarray(8)]).toBeAllclose([0, 1], { absolute: 1e-7 });
  });

  test("refuses one step, and batches", () => {
    expect(() => interpolationPath(row(1), row(2), 1)).toThrow("at least 2 steps");
    const two = Tensor.zeros([2, 3]);
    expect(() => interpolationPath(two, two, 3)).toThrow("latents of one sample, [1, …], found [2, 3]");
  });
});

test("combineLatents adds by weight", () => {
  const terms = [row(1, 2), row(10, 20), row(3, 4)].map((latents, i) => ({
    latents,
    weight: [1, -0.5, 1][i]!,
  }));
  expect(combineLatents(terms)).toBeAllclose(row(-1, -4), { absolute: 1e-6 });
  expect(() => combineLatents([])).toThrow("at least one term");
});
