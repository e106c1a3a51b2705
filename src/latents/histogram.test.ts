/** Counts of values: in which bin a value falls, and what becomes of the bins. */
import { describe, expect, it } from "vitest";
import { Histogram } from "./histogram.ts";

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
