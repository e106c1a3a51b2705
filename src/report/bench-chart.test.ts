import { describe, expect, it } from "vitest";
import { axisNumbers, outline } from "../../test/report/outline.ts";
import { renderBenchChart, renderGrowthChart, type BenchCase, type BenchChart } from "./bench-chart.ts";

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

const bench: BenchChart = {
  cases: [
    {
      half: "decode",
      side: 512,
      results: [
        { label: "vaekit, exact", median: 4000, peakBytes: 1e9, versusDiffusers: 0.4 },
        { label: "diffusers", median: 10_000, peakBytes: 2e9 },
        { label: "broken", median: 5 },
      ],
    },
    { half: "encode", side: 512, results: [{ label: "broken" }] },
    { half: "encode", side: 256, results: [{ label: "vaekit, exact", median: 900, peakBytes: 5e8 }] },
    { half: "decode", side: 256, results: [{ label: "vaekit, exact", median: 99_950, peakBytes: 5e8 }] },
  ],
  note: ["a machine", "a version"],
};

describe("the bench's charts", () => {
  it("have a group of bars for each case that was measured", () => {
    expect(outline(renderBenchChart(bench))).toMatchInlineSnapshot(`
      "svg viewBox=0 0 760 284 width=760 height=284 role=img aria-label=median time and peak memory of each mode class=chart
      rect width=760 height=284 class=paper
      text x=24 y=32 class=strong : decode 512 × 512
      text x=214 y=32 : median time (diffusers fp32 = 1)
      text x=560 y=32 : peak memory
      text x=24 y=54 class=strong : vaekit, exact
      rect x=214 y=44 width=86.4 height=13 class=bar own
      text x=306.4 y=54 : 4.00 s (0.40)
      rect x=560 y=44 width=60 height=13 class=bar-raw own
      text x=626 y=54 : 1.00 GB
      text x=24 y=74 : diffusers
      rect x=214 y=64 width=216 height=13 class=bar
      text x=436 y=74 : 10.0 s
      rect x=560 y=64 width=120 height=13 class=bar-raw
      text x=686 y=74 : 2.00 GB
      text x=24 y=112 class=strong : encode 256 × 256
      text x=214 y=112 : median time
      text x=560 y=112 : peak memory
      text x=24 y=134 class=strong : vaekit, exact
      rect x=214 y=124 width=216 height=13 class=bar own
      text x=436 y=134 : 0.900 s
      rect x=560 y=124 width=120 height=13 class=bar-raw own
      text x=686 y=134 : 0.50 GB
      text x=24 y=172 class=strong : decode 256 × 256
      text x=214 y=172 : median time
      text x=560 y=172 : peak memory
      text x=24 y=194 class=strong : vaekit, exact
      rect x=214 y=184 width=216 height=13 class=bar own
      text x=436 y=194 : 100.0 s
      rect x=560 y=184 width=120 height=13 class=bar-raw own
      text x=686 y=194 : 0.50 GB
      text x=24 y=242 : a machine
      text x=24 y=260 : a version"
    `);
  });

  it("have a curve for each mode and half, over the sides", () => {
    expect(outline(renderGrowthChart(bench))).toMatchInlineSnapshot(`
      "svg viewBox=0 0 760 462 width=760 height=462 role=img aria-label=time and peak memory by picture size class=chart
      rect width=760 height=462 class=paper
      g
      text x=64 y=36 class=strong : median time
      g class=axis
      line x1=64 y1=300 x2=368 y2=300
      line x1=64 y1=60 x2=64 y2=300
      ticks at y=300…304, numbers at y=316: x=64 256 px, x=368 512 px
      ticks at x=60…64, numbers at x=57 and y + 4.00: y=300 0.500 s, y=268.6 1.00 s, y=237.2 2.00 s, y=195.7 5.00 s, y=164.3 10.0 s, y=132.9 20.0 s, y=91.4 50.0 s, y=60 100 s
      polyline points=64.00,60.02 368.00,205.81 class=line line0 decode
      polyline points=368.00,164.30 class=line line1 decode
      polyline points=64.00,273.37 class=line line0 encode
      g
      text x=432 y=36 class=strong : peak memory
      g class=axis
      line x1=432 y1=300 x2=736 y2=300
      line x1=432 y1=60 x2=432 y2=300
      ticks at y=300…304, numbers at y=316: x=432 256 px, x=736 512 px
      ticks at x=428…432, numbers at x=425 and y + 4.00: y=300 0.50 GB, y=180 1.00 GB, y=60 2.00 GB
      polyline points=432.00,300.00 736.00,180.00 class=line line0 decode
      polyline points=736.00,60.00 class=line line1 decode
      polyline points=432.00,300.00 class=line line0 encode
      polyline points=24.00,344.00 52.00,344.00 class=line line0 decode
      text x=60 y=348 : decode: vaekit, exact
      polyline points=24.00,362.00 52.00,362.00 class=line line1 decode
      text x=60 y=366 : decode: diffusers
      polyline points=24.00,380.00 52.00,380.00 class=line line0 encode
      text x=60 y=384 : encode: vaekit, exact
      text x=24 y=420 : a machine
      text x=24 y=438 : a version"
    `);
  });

  it("have powers of ten alone on the axis where the numbers are far apart", () => {
    const cases = [1, 1024].map((side) => ({
      half: "decode",
      side,
      results: [{ label: "vaekit", median: side ** 2, peakBytes: 1e6 }],
    }));
    expect(axisNumbers(renderGrowthChart({ cases, note: [] }), "end")).toEqual([
      "0.001 s",
      "0.010 s",
      "0.100 s",
      "1.00 s",
      "10.0 s",
      "100 s",
      "1000 s",
      "10000 s",
      "0.00 GB",
      "0.00 GB",
    ]);
  });
});
