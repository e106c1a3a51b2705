import { describe, expect, test } from "vitest";
import {
  blankRaster,
  checkRaster,
  checkSameFormat,
  describeRaster,
  paste,
  toGrayscale,
  toRgb,
  type Raster,
} from "./raster.ts";

const grey = (width: number, ...data: number[]): Raster => ({
  width,
  height: data.length / width,
  channels: 1,
  data: Uint8Array.from(data),
});

describe("a raster", () => {
  test("is black or of one value, and said in words", () => {
    expect(blankRaster(2, 1, 3)).toEqual({ width: 2, height: 1, channels: 3, data: new Uint8Array(6) });
    expect([...blankRaster(2, 1, 1, 7).data]).toEqual([7, 7]);
    expect([describeRaster(blankRaster(2, 1, 3)), describeRaster(blankRaster(3, 4, 1))]).toEqual([
      "2x1 RGB",
      "3x4 grey",
    ]);
  });

  test("becomes RGB by repeating grey, and grey by Pillow's luma", () => {
    expect(toRgb(grey(2, 5, 9))).toEqual({
      width: 2,
      height: 1,
      channels: 3,
      data: Uint8Array.of(5, 5, 5, 9, 9, 9),
    });
    const rgb: Raster = {
      width: 2,
      height: 3,
      channels: 3,
      data: Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30, 1, 1, 1, 200, 100, 50),
    };
    // Pillow 11: Image.frombytes("RGB", (2, 3), …).convert("L").
    expect([...toGrayscale(rgb).data]).toEqual([76, 150, 29, 18, 1, 124]);
    expect(toGrayscale(rgb)).toMatchObject({ width: 2, height: 3, channels: 1 });
    // What is of that kind already is not copied.
    const one = grey(1, 3);
    expect([toRgb(rgb), toGrayscale(one)]).toEqual([rgb, one]);
    expect(toRgb(rgb)).toBe(rgb);
    expect(toGrayscale(one)).toBe(one);
  });

  test.each<[unknown, string]>([
    [null, "x: expected a picture { width, height, channels, data }, found null. readImage reads one"],
    [3, "found 3. readImage reads one from a file."],
    [{ ...grey(1, 1), data: [1] }, "x: expected a picture { width, height, channels, data }"],
    [{ ...grey(1, 1), width: 0 }, "x: expected a picture of at least 1x1 pixels, found 0x1."],
    [{ ...grey(1, 1), height: 1.5 }, "x: expected a picture of at least 1x1 pixels, found 1x1.5."],
    [
      { ...grey(1, 1), channels: 2 },
      "x: expected 1 (grey), 3 (RGB) or 4 (RGB with alpha) channels, found 2.",
    ],
    [{ ...grey(1, 1), channels: 4 }, "x: expected 4 bytes for 1x1 RGB with alpha, found 1."],
    [{ ...grey(2, 1, 1), height: 2 }, "x: expected 4 bytes for 2x2 grey, found 2."],
  ])("is refused where it is none: %#", (raster, message) => {
    const check = (): void => {
      checkRaster(raster as Raster, "x");
    };
    expect(check).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
    expect(check).toThrow(message);
    expect(() => toRgb(raster as Raster)).toThrow(/^toRgb: /);
    expect(() => toGrayscale(raster as Raster)).toThrow(/^toGrayscale: /);
  });

  test("of its smallest size is one", () => {
    checkRaster(grey(1, 1), "x");
  });

  test.each(
    [grey(1, 1, 2), grey(2, 1, 2), blankRaster(1, 1, 3)].map(
      (raster) => [describeRaster(raster), raster] as const,
    ),
  )("of 1x1 grey has another format than %s", (text, other) => {
    expect(() => {
      checkSameFormat(grey(1, 1), other, "x");
    }).toThrow(
      `x: expected two pictures of one size and kind, found 1x1 grey and ${text}. Resize or convert one first.`,
    );
  });
});

describe("paste", () => {
  const pasted = (left: number, top: number): number[] => {
    const canvas = blankRaster(3, 2, 1);
    paste(canvas, grey(2, 1, 2, 3, 4), left, top);
    return [...canvas.data];
  };

  test.each([
    [0, 0, [1, 2, 0, 3, 4, 0]],
    [1, 0, [0, 1, 2, 0, 3, 4]],
    [2, 1, [0, 0, 0, 0, 0, 1]],
    [-1, -1, [4, 0, 0, 0, 0, 0]],
    [-1, 1, [0, 0, 0, 2, 0, 0]],
    [3, 0, [0, 0, 0, 0, 0, 0]],
    [-2, 0, [0, 0, 0, 0, 0, 0]],
    [0, 2, [0, 0, 0, 0, 0, 0]],
    [0, -2, [0, 0, 0, 0, 0, 0]],
  ])("at %i, %i cuts off what lies outside", (left, top, expected) => {
    expect(pasted(left, top)).toEqual(expected);
  });

  test("converts to the canvas's channels", () => {
    const canvas = blankRaster(1, 1, 3);
    paste(canvas, grey(1, 9), 0, 0);
    expect([...canvas.data]).toEqual([9, 9, 9]);
    const small = blankRaster(1, 1, 1);
    paste(small, { width: 1, height: 1, channels: 3, data: Uint8Array.of(255, 0, 0) }, 0, 0);
    expect([...small.data]).toEqual([76]);
  });
});
