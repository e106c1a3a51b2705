import { describe, expect, test } from "vitest";
import { Tensor } from "../tensor/tensor.ts";
import { contactSheet, differencePicture, latentPicture } from "./pictures.ts";
import { blankRaster, type Raster } from "./raster.ts";

/** An INVALID_ARGUMENT with this in its message. */
const refusal = (message: string): Error =>
  expect.objectContaining({
    code: "INVALID_ARGUMENT",
    message: expect.stringContaining(message) as string,
  }) as Error;

test("differencePicture amplifies and saturates", () => {
  const a = { width: 2, height: 1, channels: 1 as const, data: Uint8Array.from([10, 100]) };
  expect([...differencePicture(a, blankRaster(2, 1, 1, 12), 4).data]).toEqual([8, 255]);
});

test("contactSheet lays pictures in rows with gaps of the background", () => {
  const cells = [1, 2, 3].map((value) => blankRaster(1, 1, 1, value));
  const sheet = contactSheet(cells, { columns: 2, gapPixels: 1, background: 9 });
  expect([...sheet.data]).toEqual([1, 9, 2, 9, 9, 9, 3, 9, 9]);
});

test("latentPicture draws zero white, negative blue, positive red, and grey by each channel's range", () => {
  const latents = Tensor.from(Float32Array.from([0, -2, 2]), [1, 1, 1, 3]);
  expect([...latentPicture(latents).data]).toEqual([255, 255, 255, 33, 102, 172, 178, 24, 43]);
  expect([...latentPicture(latents, { palette: "grey" }).data]).toEqual([128, 0, 255]);
  expect(latentPicture(Tensor.zeros([1, 4, 3, 3]), { pixelsPerLatent: 2 })).toMatchObject({ width: 14 });
});

describe("differencePicture", () => {
  const one = (value: number): Raster => blankRaster(1, 1, 1, value);

  test("takes eight times the difference, either way, unless told otherwise", () => {
    expect([...differencePicture(one(10), one(13)).data]).toEqual([24]);
    expect([...differencePicture(one(13), one(10)).data]).toEqual([24]);
    expect([...differencePicture(one(13), one(10), 0.5).data]).toEqual([2]);
    expect([...differencePicture(one(0), one(255), 1).data]).toEqual([255]);
  });

  test.each<[() => unknown, string]>([
    [
      () => differencePicture(one(1), one(2), 0),
      "differencePicture: gain: expected a finite number above 0, found 0.",
    ],
    [
      () => differencePicture(one(1), blankRaster(1, 2, 1)),
      "differencePicture: expected two pictures of one size",
    ],
  ])("refuses what it cannot compare: %#", (call, message) => {
    expect(call).toThrow(refusal(message));
  });
});

describe("contactSheet", () => {
  const cell = (width: number, height: number, value: number): Raster => blankRaster(width, height, 1, value);

  test("is one row with white gaps of 4 pixels unless told otherwise", () => {
    const sheet = contactSheet([cell(1, 1, 1), cell(1, 1, 2)]);
    expect(sheet).toMatchObject({ width: 6, height: 1, channels: 1 });
    expect([...sheet.data]).toEqual([1, 255, 255, 255, 255, 2]);
  });

  test("gives every picture a cell of the largest one's size, and no more columns than pictures", () => {
    const sheet = contactSheet([cell(1, 2, 1), cell(2, 1, 2), cell(1, 1, 3)], { columns: 2, gapPixels: 0 });
    expect(sheet).toMatchObject({ width: 4, height: 4 });
    const rows = [0, 1, 2, 3].map((row) => [...sheet.data.subarray(4 * row, 4 * row + 4)]);
    expect(rows).toEqual([
      [1, 255, 2, 2],
      [1, 255, 255, 255],
      [3, 255, 255, 255],
      [255, 255, 255, 255],
    ]);
    expect(contactSheet([cell(1, 1, 1)], { columns: 9 })).toMatchObject({ width: 1, height: 1 });
  });

  test("is RGB as soon as one picture is", () => {
    const sheet = contactSheet([cell(1, 1, 7), blankRaster(1, 1, 3, 9)], { gapPixels: 0 });
    expect(sheet).toMatchObject({ channels: 3 });
    expect([...sheet.data]).toEqual([7, 7, 7, 9, 9, 9]);
  });

  test.each<[unknown, object, string]>([
    [3, {}, "contactSheet: expected a list of pictures, found 3."],
    [[], {}, "contactSheet: expected at least one picture, found none."],
    [[null], {}, "contactSheet: expected a picture"],
    [[cell(1, 1, 1)], { columns: 0 }, "columns: expected a whole number of at least 1, found 0."],
    [[cell(1, 1, 1)], { gapPixels: -1 }, "gapPixels: expected a whole number of at least 0, found -1."],
  ])("refuses %# ", (pictures, options, message) => {
    expect(() => contactSheet(pictures as Raster[], options)).toThrow(refusal(message));
  });
});

describe("latentPicture", () => {
  test("draws each channel in a grid about as wide as high, in squares of the size that is asked for", () => {
    const five = Tensor.zeros([1, 5, 2, 3]);
    expect(latentPicture(five)).toMatchObject({ width: 3 * 3 + 2 * 2, height: 2 * 2 + 2, channels: 3 });
    const large = latentPicture(five, { columns: 5, pixelsPerLatent: 3, gapPixels: 1 });
    expect(large).toMatchObject({ width: 5 * 9 + 4, height: 6 });
    const [pixel] = [
      latentPicture(Tensor.from(Float32Array.of(1, 0), [1, 1, 1, 2]), {
        palette: "grey",
        pixelsPerLatent: 2,
      }),
    ];
    expect([...pixel.data]).toEqual([255, 255, 0, 0, 255, 255, 0, 0]);
  });

  test("scales grey by each channel, colours by all, and draws what is not finite black", () => {
    const latents = Tensor.from(Float32Array.of(1, 3, -4, NaN, 10, 20, 15, 10), [1, 2, 1, 4]);
    const grey = latentPicture(latents, { palette: "grey", gapPixels: 0, columns: 1 });
    expect([...grey.data]).toEqual([182, 255, 0, 0, 0, 255, 128, 0]);
    const colours = latentPicture(latents, { gapPixels: 0, columns: 1 });
    // 20 is the largest; -4 is a fifth of the way to blue.
    expect([...colours.data.subarray(6, 12)]).toEqual([211, 224, 238, 0, 0, 0]);
    expect([...colours.data.subarray(15, 18)]).toEqual([178, 24, 43]);
    const same = latentPicture(Tensor.from(Float32Array.of(5, 5), [1, 1, 1, 2]), { palette: "grey" });
    expect([...same.data]).toEqual([0, 0]);
    const none = latentPicture(Tensor.from(Float32Array.of(NaN, Infinity), [1, 1, 1, 2]));
    expect([...none.data]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test.each([
    [
      { palette: "rainbow" },
      'latentPicture: palette: expected one of "grey" or "diverging", found "rainbow".',
    ],
    [{ columns: 0 }, "latentPicture: columns: expected a whole number of at least 1, found 0."],
    [{ pixelsPerLatent: 0.5 }, "latentPicture: pixelsPerLatent: expected a whole number of at least 1"],
    [{ gapPixels: -1 }, "latentPicture: gapPixels: expected a whole number of at least 0, found -1."],
  ])("refuses %j", (options, message) => {
    expect(() => latentPicture(Tensor.zeros([1, 1, 1, 1]), options as object)).toThrow(refusal(message));
  });

  test.each([[[2, 4, 1, 1]], [[4, 1, 1]], [[1, 4, 0, 1]], [[0, 4, 1, 1]]])("refuses %j", (shape) => {
    const message = `latentPicture: expected the latents of one picture, [1, C, h, w], found [${shape.join(", ")}].`;
    expect(() => latentPicture(Tensor.zeros(shape))).toThrow(refusal(message));
  });
});
