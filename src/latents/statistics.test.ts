import { describe, expect, it } from "vitest";
import { Generator } from "../random/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import { calibrate, LatentCalibrator } from "./calibration.ts";
import { studentQuantile } from "./confidence.ts";
import { Histogram } from "./histogram.ts";
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

describe("Histogram", () => {
  it("counts values in and outside its range", () => {
    const histogram = new Histogram({ low: -1, high: 1, bins: 4 });
    histogram.add(Float32Array.of(-1.5, -1, -0.6, -0.5, 0, 0.99, 1, 2, NaN));
    expect(Array.from(histogram.counts)).toEqual([2, 1, 1, 1]);
    expect([histogram.below, histogram.above, histogram.total]).toEqual([1, 2, 8]);
    const twice = Histogram.fromJSON(histogram.toJSON()).merge(histogram);
    expect(Array.from(twice.counts)).toEqual([4, 2, 2, 2]);
    expect([twice.below, twice.above]).toEqual([2, 4]);
  });

  it("moves its edges when values are shifted and scaled", () => {
    const values = Float32Array.of(-0.9, -0.4, 0.1, 0.2, 0.7);
    const before = new Histogram({ low: -1, high: 1, bins: 4 }).add(values);
    const after = new Histogram({ low: -6, high: 2, bins: 4 }).add(values.map((value) => (value - 0.5) * 4));
    expect(before.normalized(0.5, 4).toJSON()).toEqual(after.toJSON());
  });

  it("refuses other bins", () => {
    const histogram = new Histogram({ low: 0, high: 1, bins: 2 });
    expect(() => histogram.merge(new Histogram({ low: 0, high: 1, bins: 3 }))).toThrow("expected 2 bins");
    expect(() => new Histogram({ low: 1, high: 1, bins: 3 })).toThrow("low < high");
  });
});

describe("calibrate", () => {
  it("gives the interval of the mean that the pictures' means alone give when pictures are equal in size", () => {
    const pictures = [1, 2, 6].map((center) =>
      new LatentStatistics(1).add(Tensor.from(Float32Array.of(center - 1, center + 1), [1, 1, 2])),
    );
    const { shiftFactor, scalingFactor, latentsMean, latentsStd, valuesPerChannel } = calibrate(pictures);
    // Means 1, 2, 6: mean 3, sample variance 7, so the standard error is sqrt(7/3); t with 2 degrees is 4.303.
    const margin = 4.303 * Math.sqrt(7 / 3);
    expect(shiftFactor.value).toBeCloseTo(3, 12);
    expect(shiftFactor.interval).toEqual([expect.closeTo(3 - margin, 9), expect.closeTo(3 + margin, 9)]);
    expect(latentsMean).toEqual([shiftFactor]);
    expect(valuesPerChannel).toBe(6);
    // Variance: 1 within each picture, plus (4 + 1 + 9) / 3 between them.
    expect(scalingFactor.value).toBeCloseTo(1 / Math.sqrt(1 + 14 / 3), 12);
    expect(latentsStd[0]?.value).toBeCloseTo(Math.sqrt(1 + 14 / 3), 12);
  });

  it("has intervals that hold the truth about 95 times in 100", () => {
    const generator = Generator.philox(11);
    const runs = 400;
    let meanHits = 0;
    let stdHits = 0;
    for (let run = 0; run < runs; run++) {
      // Pictures share a colour each (variance 1), so their 16 values are far from independent.
      const colors = generator.randn([40]).data;
      const pictures = Array.from(colors, (color) =>
        new LatentStatistics(1).add(generator.normal([1, 1, 16], color, 1)),
      );
      const { latentsMean, latentsStd } = calibrate(pictures);
      const [lowMean, highMean] = latentsMean[0]!.interval!;
      const [lowStd, highStd] = latentsStd[0]!.interval!;
      if (lowMean <= 0 && highMean >= 0) meanHits++;
      if (lowStd <= Math.SQRT2 && highStd >= Math.SQRT2) stdHits++;
    }
    // Three standard errors of a 95 % rate over 400 runs are 3.3 %; the delta method is a little short here.
    expect(meanHits / runs).toBeGreaterThan(0.917);
    expect(meanHits / runs).toBeLessThan(0.983);
    expect(stdHits / runs).toBeGreaterThan(0.88);
    expect(stdHits / runs).toBeLessThan(0.983);
  });

  it("has no interval for one picture, and needs one", () => {
    const one = calibrate([new LatentStatistics(2).add(small)]);
    expect(one.scalingFactor).toEqual({
      value: expect.closeTo(1 / Math.sqrt(175.25), 12) as number,
      interval: null,
    });
    expect(() => calibrate([])).toThrow("at least one picture");
    const flat = new LatentStatistics(1).add(Tensor.zeros([1, 1, 4]));
    expect(() => calibrate([flat])).toThrow("latents that vary");
  });
});

describe("LatentCalibrator", () => {
  it("counts each picture of a batch by itself, and survives a file and a merge", () => {
    const latents = Generator.philox(2).normal([5, 4, 8, 8], 0.5, 3);
    const part = (from: number, to: number): Tensor =>
      Tensor.from(latents.data.slice(from * 256, to * 256), [to - from, 4, 8, 8]);
    const whole = new LatentCalibrator(4).add(latents);
    const first = LatentCalibrator.fromJSON(new LatentCalibrator(4).add(part(0, 2)).toJSON());
    const merged = first.merge(new LatentCalibrator(4).add(part(2, 5)));
    expect(merged.result()).toEqual(whole.result());
    const { before, after, pictures, scalingFactor } = whole.result();
    expect(pictures).toBe(5);
    expect(before.total).toBe(5 * 256);
    expect(after.high - after.low).toBeCloseTo(128 * scalingFactor.value, 9);
    expect(Math.abs(1 / scalingFactor.value - 3)).toBeLessThan(0.3);
  });
});

describe("studentQuantile", () => {
  it("agrees with the published table", () => {
    expect(studentQuantile(1)).toBe(12.706);
    expect(studentQuantile(11)).toBeCloseTo(2.201, 2);
    expect(studentQuantile(30)).toBeCloseTo(2.042, 3);
    expect(studentQuantile(1e9)).toBeCloseTo(1.96, 4);
  });
});
