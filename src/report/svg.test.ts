import { describe, expect, it } from "vitest";
import { formatBytes, formatCount, formatDuration } from "./format.ts";
import { densities, focus, standardNormalDensity } from "./histogram.ts";
import { escapeText } from "./markup.ts";
import { linearScale, ticks } from "./svg.ts";

describe("charts", () => {
  it("put ticks on round numbers inside the range", () => {
    expect(ticks([-4, 4], 8)).toEqual([-4, -3, -2, -1, 0, 1, 2, 3, 4]);
    expect(ticks([0.3, 1.1], 4)).toEqual([0.4, 0.6000000000000001, 0.8, 1]);
    expect(ticks([2, 2], 4)).toEqual([2]);
  });

  it("map the ends of the data onto the ends of the plot", () => {
    const x = linearScale([-4, 4], [10, 90]);
    expect([x(-4), x(0), x(4)]).toEqual([10, 50, 90]);
  });

  it("turn counts into densities of area 1", () => {
    expect(densities({ low: 0, high: 1, counts: [1, 3] })).toEqual([0.5, 1.5]);
    expect(densities({ low: 0, high: 1, counts: [0, 0] })).toEqual([0, 0]);
  });

  it("count values outside the bins without drawing them", () => {
    expect(densities({ low: 0, high: 1, counts: [1, 1], below: 1, above: 1 })).toEqual([0.5, 0.5]);
  });

  it("focus on the bins with values, and join neighbours", () => {
    const histogram = { low: 0, high: 8, counts: [0, 0, 5, 7, 9, 1, 0, 0] };
    expect(focus(histogram, 8)).toEqual({ low: 2, high: 6, counts: [5, 7, 9, 1], below: 0, above: 0 });
    expect(focus(histogram, 3)).toEqual({ low: 2, high: 6, counts: [12, 10], below: 0, above: 0 });
    expect(focus({ low: 0, high: 4, counts: [0, 0, 0, 0] }, 2).counts).toEqual([0, 0, 0, 0]);
  });

  it("keep the number of values when they cut off rare ones", () => {
    const { low, counts, below } = focus({ low: 0, high: 4, counts: [1, 0, 5000, 5000] }, 4);
    expect({ low, counts, below }).toEqual({ low: 2, counts: [5000, 5000], below: 1 });
  });

  it("know the standard normal density", () => {
    expect(standardNormalDensity(0)).toBeCloseTo(0.3989422804, 10);
    expect(standardNormalDensity(1)).toBeCloseTo(0.2419707245, 10);
  });
});

describe("texts", () => {
  it("spell out what XML cannot carry and what turns text around", () => {
    expect(escapeText("a\u0000b\tc\u001f")).toBe("a\\u0000b\\u0009c\\u001f");
  });

  it("show sizes, times and counts in fitting units", () => {
    expect([formatBytes(0), formatBytes(1536), formatBytes(5 * 2 ** 30)]).toEqual([
      "0 bytes",
      "1.5 KiB",
      "5.0 GiB",
    ]);
    expect([formatDuration(4.26), formatDuration(812.4), formatDuration(13_100)]).toEqual([
      "4.3 ms",
      "812 ms",
      "13.1 s",
    ]);
    expect([formatCount(7), formatCount(1234567)]).toEqual(["7", "1,234,567"]);
  });
});
