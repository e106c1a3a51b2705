import { describe, expect, test } from "vitest";
import { renderTrainingCurves } from "./training-curves.ts";

const line = (values: readonly number[]): { step: number; value: number }[] =>
  values.map((value, index) => ({ step: index * 10, value }));

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
