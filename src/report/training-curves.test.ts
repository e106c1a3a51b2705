import { describe, expect, test } from "vitest";
import { axisNumbers, outline } from "../../test/report/outline.ts";
import { renderTrainingCurves } from "./training-curves.ts";

const line = (values: readonly number[]): { step: number; value: number }[] =>
  values.map((value, index) => ({ step: 100 * index, value }));

describe("training curves", () => {
  test("show the loss and both curves of the validation", () => {
    const picture = renderTrainingCurves({
      title: "a run",
      loss: line([1, 0.5, 0.1]),
      validation: { label: "PSNR in dB", raw: line([20, 24]), average: line([21, 25]) },
    });
    expect(picture.match(/<polyline/g)).toHaveLength(3);
    expect(picture).toContain("PSNR in dB");
  });

  test("put a tenfold smaller loss as far below as the next tenfold", () => {
    const picture = renderTrainingCurves({ title: "a run", loss: line([1, 0.1, 0.01]) });
    const points = /<polyline points="([^"]+)"/.exec(picture)![1]!.split(" ");
    const heights = points.map((point) => Number(point.split(",")[1]));
    expect(heights[1]! - heights[0]!).toBeCloseTo(heights[2]! - heights[1]!, 1);
  });

  test("draw long curves with neighbours averaged", () => {
    const long = line(Array<number>(300_000).fill(0.5));
    const validation = { label: "PSNR in dB", raw: long, average: long };
    const picture = renderTrainingCurves({ title: "a run", loss: long, validation });
    const curves = [...picture.matchAll(/<polyline points="([^"]+)"/g)].map(([, points]) => points!);
    expect(curves).toHaveLength(3);
    for (const points of curves) expect(points.split(" ").length).toBeLessThanOrEqual(200);
  });

  test("stand without any point", () => {
    expect(renderTrainingCurves({ title: "a run", loss: [] })).toContain("training loss: none");
  });
});

describe("the curves of a training run", () => {
  test("are the loss, on a logarithmic axis, and the validation's two", () => {
    expect(
      outline(
        renderTrainingCurves({
          title: "a run",
          loss: line([1, 0.1, 0.01]),
          validation: { label: "PSNR", raw: line([20, 30]), average: line([21, 29]) },
        }),
      ),
    ).toMatchInlineSnapshot(`
      "svg viewBox=0 0 760 360 width=760 height=360 role=img aria-label=a run: training loss and validation by step class=chart
      rect width=760 height=360 class=paper
      text x=48 y=32 class=strong : a run
      g
      text x=48 y=68 class=strong : training loss
      g class=axis
      line x1=48 y1=304 x2=356 y2=304
      ticks at y=304…308, numbers at y=320: x=48 0, x=125 50, x=202 100, x=279 150, x=356 200
      g class=axis
      line x1=48 y1=84 x2=48 y2=304
      ticks at x=44…48, numbers at x=41 and y + 4.00: y=304 0.010, y=249 0.032, y=194 0.10, y=139 0.32, y=84 1.0
      polyline points=48.00,84.00 202.00,194.00 356.00,304.00 class=curve
      g
      text x=404 y=68 class=strong : PSNR
      g class=axis
      line x1=404 y1=304 x2=712 y2=304
      ticks at y=304…308, numbers at y=320: x=404 0, x=558 50, x=712 100
      g class=axis
      line x1=404 y1=84 x2=404 y2=304
      ticks at x=400…404, numbers at x=397 and y + 4.00: y=304 20, y=260 22, y=216 24, y=172 26, y=128 28, y=84 30
      polyline points=404.00,304.00 712.00,84.00 class=curve raw
      polyline points=404.00,282.00 712.00,106.00 class=curve"
    `);
  });

  test("are on a plain axis where a loss is not above 0, and leave out what is not finite", () => {
    const picture = renderTrainingCurves({ title: "a run", loss: line([0, 5, NaN, 10]) });
    expect(axisNumbers(picture, "end")).toEqual(["0", "2", "4", "6", "8", "10"]);
    expect(outline(picture).split("\n").at(-1)).toBe(
      "polyline points=48.00,304.00 150.67,194.00 356.00,84.00 class=curve",
    );
  });

  test("leave out the validation where it has no point", () => {
    const validation = { label: "PSNR", raw: [], average: [] };
    expect(outline(renderTrainingCurves({ title: "a run", loss: line([1]), validation }))).not.toContain(
      "PSNR",
    );
    const notFinite = { label: "PSNR", raw: line([NaN]), average: [] };
    expect(
      outline(renderTrainingCurves({ title: "a run", loss: line([1]), validation: notFinite })),
    ).toContain(": PSNR: none");
  });

  test("of many points are means of neighbours, steps and values", () => {
    const long = line(Array.from({ length: 401 }, (_, i) => (i % 3) + 1));
    const [, curve] = /<polyline points="([^"]*)"/.exec(
      renderTrainingCurves({ title: "a run", loss: long }),
    )!;
    expect(curve!.split(" ")).toHaveLength(134);
    // Each group of three has the mean 2, and its middle step; the last has two points.
    const heights = new Set(curve!.split(" ").map((point) => point.split(",")[1]));
    expect(heights.size).toBe(2);
  });
});
