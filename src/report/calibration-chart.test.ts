import { describe, expect, it } from "vitest";
import { axisNumbers, outline } from "../../test/report/outline.ts";
import { LatentCalibrator } from "../latents/index.ts";
import { Generator } from "../random/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import { renderCalibrationChart, type CalibrationChart } from "./index.ts";

const chart: CalibrationChart = {
  title: "boats",
  raw: { low: -8, high: 8, counts: [2, 6, 8, 0] },
  normalized: { low: -4, high: 4, counts: [1, 3, 4, 2] },
  scalingFactor: { value: 0.18215, interval: [0.1801, 0.1842] },
  shiftFactor: { value: 0.1159, interval: null },
  pictureCount: 12,
};

/** x, width and height of the plot's bars of one class, without the legend's swatch. */
function barsOf(svg: string, className: string): { width: number; height: number; bottom: number }[] {
  const pattern = new RegExp(
    `<rect x="[-\\d.]+" y="([-\\d.]+)" width="([-\\d.]+)" height="([-\\d.]+)" class="${className}">`,
    "g",
  );
  return [...svg.matchAll(pattern)]
    .map(([, y, width, height]) => ({
      width: Number(width),
      height: Number(height),
      bottom: Number(y) + Number(height),
    }))
    .filter(({ width }) => width !== 14);
}

describe("renderCalibrationChart", () => {
  it("draws bars whose heights are in proportion to the counts", () => {
    const bars = barsOf(renderCalibrationChart(chart), "bar");
    expect(bars).toHaveLength(4);
    bars.forEach(({ height }, bin) => {
      expect(height / bars[0]!.height).toBeCloseTo([1, 3, 4, 2][bin]!, 1);
    });
  });

  it("gives both distributions the same area, whatever their counts and bins", () => {
    const svg = renderCalibrationChart(chart);
    const areaOf = (className: string): number =>
      barsOf(svg, className).reduce((sum, { width, height }) => sum + width * height, 0);
    expect(areaOf("bar-raw") / areaOf("bar")).toBeCloseTo(1, 2);
  });

  it("leaves out empty bins and stands the others on one line", () => {
    const svg = renderCalibrationChart(chart);
    expect(barsOf(svg, "bar-raw")).toHaveLength(3);
    const bottoms = [...barsOf(svg, "bar-raw"), ...barsOf(svg, "bar")].map(({ bottom }) => bottom);
    for (const bottom of bottoms) expect(bottom).toBeCloseTo(bottoms[0]!, 1);
  });

  it("writes the factors and their intervals into the legend", () => {
    const svg = renderCalibrationChart(chart);
    expect(svg).toContain("scaling_factor 0.1822 [0.1801, 0.1842] (95 % interval)");
    expect(svg).toContain("shift_factor 0.1159<");
    expect(svg).toContain("boats, 12 pictures");
  });

  it("draws what a calibrator measured, cut to where the latents are", () => {
    const calibrator = new LatentCalibrator(4);
    for (let picture = 0; picture < 4; picture++) {
      const latents = Generator.philox(picture).randn([1, 4, 32, 32]);
      calibrator.add(
        Tensor.from(
          Float32Array.from(latents.data, (value) => 3 * value + 1),
          latents.shape,
        ),
      );
    }
    const { before, after, scalingFactor, shiftFactor, pictures } = calibrator.result();
    const svg = renderCalibrationChart({
      title: "normal",
      raw: before,
      normalized: after,
      scalingFactor,
      shiftFactor,
      pictureCount: pictures,
    });
    const ticks = [...svg.matchAll(/text-anchor="middle">([-\d.]+)</g)].map(([, label]) => Number(label));
    // 3 N(0, 1) + 1 stays within about 3.3 standard deviations at 4 x 4096 values.
    expect(Math.max(...ticks)).toBeLessThanOrEqual(14);
    expect(Math.min(...ticks)).toBeGreaterThanOrEqual(-12);
    for (const className of ["bar", "bar-raw"]) {
      expect(barsOf(svg, className).length).toBeGreaterThan(40);
      expect(barsOf(svg, className).length).toBeLessThanOrEqual(120);
    }
    expect(svg).toMatch(/scaling_factor 0\.33\d* \[0\.3\d+, 0\.3\d+\] \(95 % interval\)/);
  });

  it("escapes the title", () => {
    const svg = renderCalibrationChart({ ...chart, title: `a<b & "c"` });
    expect(svg).toContain("a&lt;b &amp; &quot;c&quot;");
    expect(svg).not.toContain("a<b");
  });

  it("refers to nothing outside of itself", () => {
    const svg = renderCalibrationChart(chart).replace(`xmlns="http://www.w3.org/2000/svg"`, "");
    expect(svg).not.toMatch(/https?:|url\(|href|@import/);
  });

  it("refuses a histogram without a range, and counts below zero", () => {
    expect(() => renderCalibrationChart({ ...chart, raw: { low: 1, high: 1, counts: [3] } })).toThrow(
      "histogram: expected at least one bin between finite low < high, found 1 from 1 to 1.",
    );
    expect(() => renderCalibrationChart({ ...chart, raw: { low: 2, high: 2, counts: [0, 3, 0] } })).toThrow(
      "histogram: expected at least one bin between finite low < high, found 3 from 2 to 2.",
    );
    expect(() => renderCalibrationChart({ ...chart, raw: { low: 0, high: 1, counts: [-3] } })).toThrow(
      "histogram: expected counts of 0 or more, found -3.",
    );
  });
});

describe("a calibration's chart", () => {
  const histogram = { low: -2, high: 2, counts: [1, 3, 4, 0] };
  const estimate = { value: 0.5, interval: [0.4, 0.6] } as const;

  it("has both histograms, the normal curve, the axis and the legend", () => {
    expect(
      outline(
        renderCalibrationChart({
          title: "boats",
          raw: { low: -8, high: 8, counts: [1, 3] },
          normalized: histogram,
          scalingFactor: estimate,
          shiftFactor: { value: 0.25, interval: null },
          confidence: 0.9,
          pictureCount: 1,
        }),
      ),
    ).toMatchInlineSnapshot(`
      "svg viewBox=0 0 760 380 width=760 height=380 role=img aria-label=boats: latents before and after scaling, beside the standard normal distribution class=chart
      rect width=760 height=380 class=paper
      text x=24 y=28 class=strong : boats, 1 picture
      rect x=24 y=317 width=356 height=15 class=bar-raw
      rect x=380 y=287 width=356 height=45 class=bar-raw
      rect x=291 y=272 width=44.5 height=60 class=bar
      rect x=335.5 y=152 width=44.5 height=180 class=bar
      rect x=380 y=92 width=44.5 height=240 class=bar
      polyline points=24.00,332.00 … 380.00,140.51 … 736.00,332.00 (121) class=curve
      g class=axis
      line x1=24 y1=332 x2=736 y2=332
      ticks at y=332…336, numbers at y=348: x=24 -8, x=113 -6, x=202 -4, x=291 -2, x=380 0, x=469 2, x=558 4, x=647 6, x=736 8
      g
      rect x=24 y=40 width=14 height=10 class=bar-raw
      text x=44 y=50 : before: z
      g
      rect x=24 y=60 width=14 height=10 class=bar
      text x=44 y=70 : after: (z − shift) · scaling
      line x1=254 y1=46 x2=268 y2=46 class=curve
      text x=274 y=50 : N(0, 1)
      text x=344 y=50 : scaling_factor 0.5 [0.4, 0.6] (90 % interval)
      text x=344 y=70 : shift_factor 0.25"
    `);
  });

  it("shows at least -4 to 4, and the title alone where nobody counted pictures", () => {
    const chart = renderCalibrationChart({
      title: "boats",
      raw: histogram,
      normalized: histogram,
      scalingFactor: estimate,
      shiftFactor: estimate,
    });
    expect(axisNumbers(chart, "middle")).toEqual(["-4", "-3", "-2", "-1", "0", "1", "2", "3", "4"]);
    const lines = outline(chart).split("\n");
    expect(lines).toContain("text x=24 y=28 class=strong : boats");
    expect(lines.filter((line) => line.includes("(95 % interval)"))).toHaveLength(2);
  });
});
