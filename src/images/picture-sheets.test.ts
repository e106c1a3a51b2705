import { describe, expect, test } from "vitest";
import { Tensor } from "../tensor/tensor.ts";
import { pictureSheet, rastersOf, reconstructionSheet } from "./picture-sheets.ts";

/** Pictures of one value each: [N, 1, 2, 2]. */
const flat = (...values: number[]): Tensor<"float32"> =>
  Tensor.from(Float32Array.from(values.flatMap((value) => [value, value, value, value])), [
    values.length,
    1,
    2,
    2,
  ]);

describe("reconstructionSheet", () => {
  test("shows input, reconstruction, three times their difference and the average's, in columns", () => {
    const sheet = reconstructionSheet({
      inputs: flat(0, 0.2),
      reconstructions: flat(0.1, 1),
      emaReconstructions: flat(0.6, 0.4),
      range: "unit",
    });
    // Pictures of 2 pixels, gaps of 2: two columns, four rows.
    expect([sheet.width, sheet.height]).toEqual([6, 14]);
    const column = (left: number): number[] => [0, 4, 8, 12].map((top) => sheet.data[top * 6 + left]!);
    expect(column(0)).toEqual([0, 26, 78, 153]);
    expect(column(4)).toEqual([51, 255, 255, 102]);
  });

  test("has three rows without averaged weights", () => {
    const sheet = reconstructionSheet({ inputs: flat(-1), reconstructions: flat(1), range: "signed" });
    expect([sheet.width, sheet.height]).toEqual([2, 10]);
    expect([0, 4, 8].map((top) => sheet.data[top * 2])).toEqual([0, 255, 255]);
  });

  test("refuses reconstructions of another batch", () => {
    expect(() =>
      reconstructionSheet({ inputs: flat(0, 0), reconstructions: flat(0), range: "unit" }),
    ).toThrow("found 1 and 2");
  });
});

describe("pictureSheet", () => {
  test("is about square, unless told the columns", () => {
    const five = flat(0, 0.25, 0.5, 0.75, 1);
    expect(pictureSheet(five, "unit")).toMatchObject({ width: 10, height: 6 });
    expect(pictureSheet(five, "unit", 5)).toMatchObject({ width: 18, height: 2 });
  });

  test("takes an MLP's rows for square grey pictures", () => {
    const [raster] = rastersOf(Tensor.from(Float32Array.of(0, 1, 0.2, 2), [1, 4]), "unit");
    expect(raster).toEqual({ width: 2, height: 2, channels: 1, data: Uint8Array.of(0, 255, 51, 255) });
    expect(() => rastersOf(Tensor.zeros([1, 5]), "unit")).toThrow("found [1, 5]");
  });
});
