import { describe, expect, it } from "vitest";
import { renderBenchChart, renderGrowthChart, type BenchCase } from "./bench-chart.ts";

const decode512: BenchCase = {
  half: "decode",
  side: 512,
  results: [
    { label: "vaekit, untiled", median: 4000, peakBytes: 1e9, versusDiffusers: 0.4 },
    { label: "diffusers fp32", median: 10_000, peakBytes: 2e9, versusDiffusers: 1 },
    { label: "diffusers bf16" },
  ],
};

const widthsOf = (svg: string, className: string): number[] =>
  [...svg.matchAll(new RegExp(`width="([\\d.]+)" height="13" class="${className}( own)?"`, "g"))].map(
    (match) => Number(match[1]),
  );

describe("renderBenchChart", () => {
  it("draws bars in proportion to times and to memory", () => {
    const svg = renderBenchChart({ cases: [decode512], note: [] });
    const [own, other] = widthsOf(svg, "bar") as [number, number];
    expect(own / other).toBeCloseTo(0.4, 2);
    const [ownMemory, otherMemory] = widthsOf(svg, "bar-raw") as [number, number];
    expect(ownMemory / otherMemory).toBeCloseTo(0.5, 2);
  });

  it("leaves out what was not measured", () => {
    const svg = renderBenchChart({
      cases: [decode512, { half: "encode", side: 512, results: [] }],
      note: [],
    });
    expect(svg).not.toContain("bf16");
    expect(svg).not.toContain(">encode");
  });

  it("writes times, ratios, memory and the note", () => {
    const svg = renderBenchChart({ cases: [decode512], note: ["2 cores"] });
    for (const text of ["4.00 s (0.40)", "10.0 s (1.00)", "2.00 GB", "2 cores"])
      expect(svg).toContain(`>${text}<`);
  });
});

describe("renderGrowthChart", () => {
  it("draws a power law as a straight line", () => {
    const cases = [2048, 256, 512, 1024].map((side) => ({
      half: "decode",
      side,
      results: [{ label: "vaekit, auto", median: side ** 2 / 1000, peakBytes: 1e6 * side }],
    }));
    const svg = renderGrowthChart({ cases, note: [] });
    const lines = [...svg.matchAll(/<polyline points="([^"]+)"/g)].map((match) =>
      match[1]!.split(" ").map((point) => point.split(",").map(Number) as [number, number]),
    );
    for (const points of lines.filter(({ length }) => length === 4)) {
      const steps = points.slice(1).map(([x, y], i) => [x - points[i]![0], y - points[i]![1]]);
      for (const [across, up] of steps) {
        expect(across).toBeCloseTo(steps[0]![0]!, 1);
        expect(up).toBeCloseTo(steps[0]![1]!, 1);
      }
    }
    expect(lines.filter(({ length }) => length === 4)).toHaveLength(2);
  });

  it("stands without any measurement", () => {
    expect(renderGrowthChart({ cases: [], note: [] })).toContain("median time: none");
  });
});
