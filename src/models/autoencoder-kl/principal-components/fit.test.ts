/** The two fits, on maps whose answer is known. */
import { describe, expect, test } from "vitest";
import { Generator } from "../../../random/index.ts";
import { enlargeWithBorder, filterMaps, mixChannels, type FeatureMaps } from "./feature-maps.ts";
import { fitFilter, principalDirections } from "./fit.ts";

const generator = (): Generator => Generator.philox(0);

/** Noise, [count, channels, height, width]. */
function noise(count: number, channels: number, height: number, width: number): FeatureMaps {
  const data = Generator.philox(1).randn([count, channels, height, width]).data;
  return { count, channels, height, width, data };
}

const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);

describe("principal directions", () => {
  test("are those of the strongest signals, orthonormal, the strongest first", () => {
    const source = noise(2, 2, 12, 10);
    // Three channels of two independent signals: one of twice the other's size.
    const [strong, weak] = [
      [2 / 3, 1 / 3, -2 / 3],
      [1 / 3, 2 / 3, 2 / 3],
    ] as const;
    const rows = [0, 1, 2].map((channel) => Float64Array.of(4 * strong[channel]!, weak[channel]!));
    const [first, second] = principalDirections(mixChannels(source, rows), 2, generator());
    // 240 draws of two signals are correlated by about a sixteenth, which turns directions by a sixteenth of the strengths' ratio.
    expect(Math.abs(dot(first!, Float64Array.from(strong)))).toBeGreaterThan(0.99);
    expect(Math.abs(dot(second!, Float64Array.from(weak)))).toBeGreaterThan(0.99);
    expect(dot(first!, first!)).toBeCloseTo(1, 10);
    expect(dot(second!, second!)).toBeCloseTo(1, 10);
    expect(dot(first!, second!)).toBeCloseTo(0, 10);
  });

  test("are not centred: a constant signal is one, too", () => {
    const data = new Float32Array(2 * 16).fill(3, 0, 16).fill(4, 16);
    const [only] = principalDirections({ count: 1, channels: 2, height: 4, width: 4, data }, 1, generator());
    expect(Math.abs(dot(only!, Float64Array.of(0.6, 0.8)))).toBeCloseTo(1, 10);
  });

  test("look at positions of every picture where there are too many for all", () => {
    // 4000 positions of 16384; only the last picture has the second channel.
    const maps = noise(4, 2, 64, 64);
    maps.data.fill(0, 0).set(new Float32Array(64 * 64).fill(1), 7 * 64 * 64);
    const [first] = principalDirections(maps, 1, generator());
    expect(Math.abs(first![1]!)).toBeCloseTo(1, 10);
  });
});

describe("the fitted filter", () => {
  const kernels = [0, 1].map((output) => ({
    weights: Float32Array.from({ length: 18 }, (_, i) => ((i * 7 + output * 5) % 9) / 4 - 1),
    bias: 0.5 - output,
  }));

  test("is the one that made the targets, a little smaller", () => {
    const bordered = enlargeWithBorder(noise(2, 2, 12, 10));
    const targets = filterMaps(bordered, kernels);
    const fitted = fitFilter(bordered, targets, generator());
    for (const [output, { weights, bias }] of fitted.entries()) {
      const wanted = kernels[output]!;
      // The ridge is 1e-4 of the mean square, so weights are off by about as much.
      expect(weights).toBeAllclose(wanted.weights, { absolute: 5e-3 });
      expect(bias).toBeCloseTo(wanted.bias, 2);
      const size = (values: ArrayLike<number>): number =>
        Array.from(values).reduce((sum, x) => sum + x * x, 0);
      expect(size([...Array.from(weights), bias])).toBeLessThan(size([...wanted.weights, wanted.bias]));
    }
  });

  test("has no weight for what the maps do not have", () => {
    const maps = noise(2, 2, 12, 10);
    const area = 12 * 10;
    for (const picture of [0, 1]) maps.data.fill(0, (2 * picture + 1) * area, (2 * picture + 2) * area);
    const bordered = enlargeWithBorder(maps);
    const [fitted] = fitFilter(bordered, filterMaps(bordered, kernels.slice(0, 1)), generator());
    expect(Array.from(fitted!.weights).slice(9)).toBeAllclose(new Float32Array(9), { absolute: 1e-9 });
    expect(Array.from(fitted!.weights).slice(0, 9)).toBeAllclose(kernels[0]!.weights.slice(0, 9), {
      absolute: 5e-3,
    });
  });
});
