/** The factors that pictures call for, and how they are collected. */
import { describe, expect, it } from "vitest";
import { Generator } from "../random/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import { calibrate, LatentCalibrator } from "./calibration.ts";
import { Histogram } from "./histogram.ts";
import { LatentStatistics } from "./statistics.ts";

const small = Tensor.from(Float32Array.of(1, 3, 10, 20, 5, 7, 30, 40), [2, 2, 1, 2]);

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
