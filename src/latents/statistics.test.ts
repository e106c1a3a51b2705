import { describe, expect, it } from "vitest";
import { Generator } from "../random/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import { calibrate, LatentCalibrator } from "./calibration.ts";
import { estimateFrom, studentQuantile } from "./confidence.ts";
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

describe("the limits of a Histogram", () => {
  const histogram = (): Histogram => new Histogram({ low: -1, high: 3, bins: 4 });

  it("puts each edge into the bin that it begins", () => {
    const { counts, below, above, total } = histogram().add(
      Float32Array.of(-1, 0, 1, 2, 2.9999998, 3, -1.0000001),
    );
    expect([[...counts], below, above, total]).toEqual([[1, 1, 1, 2], 1, 1, 7]);
  });

  it("keeps the last bin where rounding reaches its upper edge", () => {
    // (0.7 - 0.1) · (3 / 0.6) rounds to 3 for the double just below 0.7; float32 0.7 lies below that.
    const high = Math.fround(0.7) + 1e-16;
    const full = new Histogram({ low: 0.1, high, bins: 3 }).add(Float32Array.of(0.7));
    expect([...full.counts]).toEqual([0, 0, 1]);
  });

  it("merges counts and outsides, and nothing of other bins", () => {
    const a = histogram().add(Float32Array.of(-5, 0, 9, 9));
    expect(a.merge(histogram().add(Float32Array.of(-5, -5, 1, 9)))).toBe(a);
    expect(a.toJSON()).toEqual({ low: -1, high: 3, counts: [0, 1, 1, 0], below: 3, above: 3 });
    for (const range of [
      { low: -2, high: 3, bins: 4 },
      { low: -1, high: 4, bins: 4 },
      { low: -1, high: 3, bins: 5 },
    ]) {
      expect(() => a.merge(new Histogram(range))).toThrow(
        `Histogram.merge: expected 4 bins in [-1, 3), found ${range.bins} in [${range.low}, ${range.high}).`,
      );
    }
    expect(() => a.merge(3 as never)).toThrow("Histogram.merge: expected a Histogram, found 3.");
    expect(() => a.add([1] as never)).toThrow("Histogram.add: expected a Float32Array");
  });

  it("moves all counts, and leaves the one that is moved as it was", () => {
    const a = histogram().add(Float32Array.of(-5, 0, 9, 9));
    const moved = a.normalized(1, 0.5);
    expect(moved.toJSON()).toEqual({ low: -1, high: 1, counts: [0, 1, 0, 0], below: 1, above: 2 });
    moved.counts[1] = 7;
    expect([...a.counts]).toEqual([0, 1, 0, 0]);
    expect(() => a.normalized(NaN, 1)).toThrow("Histogram.normalized: shift: expected a finite number");
    for (const scale of [0, -1, Infinity]) {
      expect(() => a.normalized(0, scale)).toThrow(
        "Histogram.normalized: scale: expected a finite number above 0",
      );
    }
  });

  it.each([
    { low: 1, high: 1, bins: 1 },
    { low: 2, high: 1, bins: 1 },
    { low: -Infinity, high: 1, bins: 1 },
    { low: 0, high: Infinity, bins: 1 },
    { low: 0, high: 1, bins: 0 },
    { low: 0, high: 1, bins: 1.5 },
  ])("is not made of %j", (range) => {
    expect(() => new Histogram(range)).toThrow(
      `Histogram: expected finite low < high and at least one bin, found ${range.low}, ${range.high}, ${range.bins}.`,
    );
  });

  const json = { low: 0, high: 1, counts: [1, 0], below: 0, above: 2 };

  it("of one bin is read back", () => {
    expect(Histogram.fromJSON({ ...json, counts: [3] }).toJSON()).toEqual({ ...json, counts: [3] });
  });

  it.each([
    undefined,
    { ...json, low: NaN },
    { ...json, high: Infinity },
    { ...json, low: 1 },
    { ...json, low: 2 },
    { ...json, counts: [] },
    { ...json, counts: 2 },
    { ...json, counts: [1, -1] },
    { ...json, counts: [1, 0.5] },
    { ...json, below: -1 },
    { ...json, above: 0.5 },
    { ...json, below: undefined },
  ])("is not read from %j", (given) => {
    expect(() => Histogram.fromJSON(given as never)).toThrow(
      expect.objectContaining({
        code: "INVALID_FILE",
        message:
          "Histogram.fromJSON: expected finite low < high, and whole, non-negative counts, below and above.",
      }),
    );
  });
});

describe("the factors of pictures of different sizes", () => {
  const pictureOf = (...channels: number[][]): LatentStatistics =>
    new LatentStatistics(2).add(Tensor.from(Float32Array.from(channels.flat()), [1, 2, channels[0]!.length]));
  const pictures = [
    pictureOf([1, 3, 5, 7], [0, 0, 2, 2]),
    pictureOf([2, 8], [1, 9]),
    pictureOf([4, 4, 4, 10, 0, 6], [3, 5, 7, 3, 5, 7]),
  ];

  // numpy: each value weighs the same, each picture is one unit; Student's t for two degrees of freedom is 4.303.
  const near = (value: number, margin: number) => ({
    value: expect.closeTo(value, 9) as number,
    interval: [expect.closeTo(value - margin, 9), expect.closeTo(value + margin, 9)],
  });

  it("and their intervals are those of the delta method", () => {
    expect(calibrate(pictures)).toEqual({
      pictures: 3,
      valuesPerChannel: 12,
      scalingFactor: near(0.3537069425616829, 0.1409232247827886),
      shiftFactor: near(4.083333333333333, 3.505751963622043),
      latentsMean: [near(4.5, 1.07575), near(3.6666666666666665, 5.971605863801846)],
      latentsStd: [near(2.7838821814150108, 0.991478785513667), near(2.8087165910587863, 2.2374643843681303)],
    });
  });

  it("leave a channel that has one value everywhere at a deviation of 0", () => {
    const flat = [pictureOf([1, 3], [2, 2]), pictureOf([5, 7], [2, 2])];
    expect(calibrate(flat).latentsStd[1]).toEqual({ value: 0, interval: [0, 0] });
  });

  it.each<[unknown, string]>([
    [3, "calibrate: expected a list of LatentStatistics, found 3."],
    [[pictures[0], {}], "calibrate: expected a list of LatentStatistics"],
    [[], "calibrate: expected the statistics of at least one picture, each with values."],
    [[pictures[0], new LatentStatistics(2)], "at least one picture, each with values."],
    [[pictures[0], new LatentStatistics(3).add(Tensor.zeros([1, 3]))], "expected 2 channels, found 3."],
    [
      [new LatentStatistics(1).add(Tensor.zeros([2, 1, 2]))],
      "expected latents that vary, found the same value everywhere.",
    ],
  ])("are not measured of %#", (given, message) => {
    expect(() => calibrate(given as never)).toThrow(message);
  });
});

describe("the limits of a LatentCalibrator", () => {
  it("counts from -64 to 64 in steps of 1/16 unless told otherwise", () => {
    const { low, high, counts } = new LatentCalibrator(1).histogram;
    expect([low, high, counts.length]).toEqual([-64, 64, 2048]);
    const own = new Histogram({ low: 0, high: 1, bins: 1 });
    expect(new LatentCalibrator(1, own).histogram).toBe(own);
    expect(() => new LatentCalibrator(0)).toThrow(
      "LatentCalibrator: channels: expected a whole number of at least 1",
    );
    expect(() => new LatentCalibrator(1, {} as never)).toThrow("LatentCalibrator: expected a Histogram");
  });

  it("counts nothing of a batch that it cannot count whole", () => {
    const calibrator = new LatentCalibrator(1);
    const broken = Tensor.from(Float32Array.of(1, 2, NaN, 4), [2, 1, 2]);
    expect(() => calibrator.add(broken)).toThrow("found NaN");
    expect([calibrator.pictures.length, calibrator.histogram.total]).toEqual([0, 0]);
    expect(calibrator.add(Tensor.from(Float32Array.of(1, 2, 3, 4), [2, 1, 2]))).toBe(calibrator);
    expect(calibrator.pictures.map(({ mean }) => mean[0])).toEqual([1.5, 3.5]);
    expect(calibrator.histogram.total).toBe(4);
  });

  it("merges pictures and counts of the same channels and bins only", () => {
    const latents = Tensor.from(Float32Array.of(1, 2), [1, 1, 2]);
    const a = new LatentCalibrator(1).add(latents);
    expect(a.merge(new LatentCalibrator(1).add(latents))).toBe(a);
    expect([a.pictures.length, a.histogram.total]).toEqual([2, 4]);
    expect(() => a.merge(new LatentCalibrator(2))).toThrow(
      "LatentCalibrator.merge: expected 1 channels, found 2.",
    );
    expect(() => a.merge(3 as never)).toThrow(
      "LatentCalibrator.merge: expected a LatentCalibrator, found 3.",
    );
    const other = new LatentCalibrator(1, new Histogram({ low: 0, high: 1, bins: 1 })).add(latents);
    expect(() => a.merge(other)).toThrow("Histogram.merge: expected 2048 bins");
    expect(a.pictures.length).toBe(2);
  });

  it.each([
    { channels: 0 },
    { channels: 1.5 },
    { channels: undefined },
    { pictures: 3 },
    { pictures: undefined },
    { histogram: undefined },
    { pictures: [{}] },
  ])("is not read from %j", (change) => {
    const json = new LatentCalibrator(1).toJSON();
    expect(LatentCalibrator.fromJSON(json).channels).toBe(1);
    expect(() => LatentCalibrator.fromJSON({ ...json, ...change } as never)).toThrow(
      expect.objectContaining({ code: "INVALID_FILE" }),
    );
    expect(() => LatentCalibrator.fromJSON(undefined as never)).toThrow("fromJSON");
  });

  it("measures (z - shift) · scale on its histogram", () => {
    const calibrator = new LatentCalibrator(1, new Histogram({ low: 0, high: 4, bins: 2 }));
    calibrator.add(Tensor.from(Float32Array.of(0, 2), [1, 1, 2]));
    const { before, after } = calibrator.result();
    expect(before).toBe(calibrator.histogram);
    expect(after.toJSON()).toEqual({ low: -1, high: 3, counts: [1, 1], below: 0, above: 0 });
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
