/** Mean and variance of latents, channel by channel, however they are split, merged and stored. */
import { describe, expect, it } from "vitest";
import { Generator } from "../random/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import { LatentStatistics } from "./statistics.ts";

const small = Tensor.from(Float32Array.of(1, 3, 10, 20, 5, 7, 30, 40), [2, 2, 1, 2]);

describe("LatentStatistics", () => {
  it("gives mean and population variance of each channel and over all", () => {
    const statistics = new LatentStatistics(2).add(small);
    expect(statistics.count).toBe(4);
    expect(Array.from(statistics.mean)).toEqual([4, 25]);
    expect(Array.from(statistics.variance)).toEqual([5, 125]);
    expect(statistics.globalMean).toBe(14.5);
    expect(statistics.globalVariance).toBe(175.25); // (5 + 125) / 2 + 10.5²
  });

  it("gives the same however the data is split", () => {
    const latents = Generator.philox(1).normal([6, 3, 4, 5], 100, 2);
    const whole = new LatentStatistics(3).add(latents);
    const merged = new LatentStatistics(3);
    for (const n of [4, 0, 5, 2, 1, 3]) {
      const picture = Tensor.from(latents.data.slice(n * 60, n * 60 + 60), [1, 3, 4, 5]);
      merged.merge(LatentStatistics.fromJSON(new LatentStatistics(3).add(picture).toJSON()));
    }
    expect(merged.count).toBe(whole.count);
    expect(merged.mean).toBeAllclose(whole.mean, { absolute: 1e-11 });
    expect(merged.variance).toBeAllclose(whole.variance, { absolute: 1e-11 });
  });

  it("keeps the variance of values far from zero", () => {
    const far = Tensor.from(Float64Array.of(1e7 + 1, 1e7 + 3), [1, 1, 2]);
    const many = new LatentStatistics(1);
    for (let i = 0; i < 1000; i++) many.add(far);
    expect(many.variance[0]).toBeCloseTo(1, 9);
  });

  it("refuses what it cannot count, and is then unchanged", () => {
    const statistics = new LatentStatistics(2).add(small);
    const broken = Tensor.from(Float32Array.of(1, NaN), [1, 2]);
    expect(() => statistics.add(broken)).toThrow("found NaN");
    expect(() => statistics.add(Tensor.zeros([1, 3, 1]))).toThrow("[N, 2, …], found [1, 3, 1]");
    expect(() => statistics.merge(new LatentStatistics(3))).toThrow("expected 2 channels, found 3");
    expect(() => LatentStatistics.fromJSON({ channels: 2, count: 1, mean: [0], squares: [0, 0] })).toThrow(
      "fromJSON",
    );
    expect(statistics.count).toBe(4);
  });
});

describe("the limits of LatentStatistics", () => {
  it("has no mean and no variance before any value", () => {
    const none = new LatentStatistics(2);
    expect([none.count, ...none.mean, ...none.variance, ...none.std]).toEqual([
      0,
      NaN,
      NaN,
      NaN,
      NaN,
      NaN,
      NaN,
    ]);
    expect(none.add(Tensor.zeros([0, 2, 3])).count).toBe(0);
    expect(none.add(Tensor.zeros([3, 2, 0])).count).toBe(0);
    expect(none.merge(new LatentStatistics(2)).count).toBe(0);
    expect([...none.mean]).toEqual([NaN, NaN]);
  });

  it("gives deviations, and takes 16-bit latents", () => {
    const statistics = new LatentStatistics(2).add(small.toFloat("float16"));
    expect([...statistics.std]).toEqual([Math.sqrt(5), Math.sqrt(125)]);
    expect(() => new LatentStatistics(0)).toThrow("LatentStatistics: channels: expected a whole number");
  });

  it("merges what has other counts by its weight, and keeps what it had", () => {
    const many = new LatentStatistics(1).add(Tensor.from(Float32Array.of(0, 0, 0, 4), [1, 1, 4]));
    const one = new LatentStatistics(1).add(Tensor.from(Float32Array.of(11), [1, 1]));
    expect(many.merge(one)).toBe(many);
    // 0, 0, 0, 4, 11: mean 3, squares 9 + 9 + 9 + 1 + 64.
    expect([many.count, many.mean[0], many.variance[0]]).toEqual([
      5,
      expect.closeTo(3, 12),
      expect.closeTo(92 / 5, 12),
    ]);
    expect([one.count, one.mean[0]]).toEqual([1, 11]);
    expect(() => many.merge({ channels: 1 } as never)).toThrow("expected LatentStatistics, found an object");
  });

  it("names the first value that is not finite", () => {
    const broken = Tensor.from(Float32Array.of(1, -Infinity, NaN, 2), [1, 2, 2]);
    expect(() => new LatentStatistics(2).add(broken)).toThrow(
      "LatentStatistics.add: expected finite latents, found -Infinity. Leave this picture out, or encode it in float32.",
    );
  });

  const json = { channels: 2, count: 3, mean: [0, -1], squares: [0, 2] };

  it("reads back what it wrote", () => {
    expect(LatentStatistics.fromJSON(json).toJSON()).toEqual(json);
    expect(LatentStatistics.fromJSON({ ...json, count: 0 }).count).toBe(0);
  });

  it.each([
    undefined,
    { ...json, channels: 3 },
    { ...json, channels: 0, mean: [], squares: [] },
    { ...json, channels: 2.5 },
    { ...json, count: -1 },
    { ...json, count: 0.5 },
    { ...json, mean: [0] },
    { ...json, mean: [0, NaN] },
    { ...json, mean: 3 },
    { ...json, squares: [0, -1] },
    { ...json, squares: [0, Infinity] },
    { ...json, squares: [0, 1, 2] },
  ])("reads nothing else: %j", (given) => {
    expect(() => LatentStatistics.fromJSON(given as never)).toThrow(
      expect.objectContaining({
        code: "INVALID_FILE",
        message:
          "LatentStatistics.fromJSON: expected channels, count, and one mean and one non-negative sum of squares for each channel.",
      }),
    );
  });
});
