import { describe, expect, test } from "vitest";
import { blankRaster } from "./raster.ts";
import { resizeByMode, type ResizeMode } from "./resize-mode.ts";

const resized = (width: number, height: number, mode: ResizeMode, source = blankRaster(100, 10, 3, 200)) =>
  resizeByMode(source, width, height, mode, "lanczos");

describe("a long and narrow picture", () => {
  test.each([
    ["fill", 10, 10],
    ["fill", 19, 3],
    ["crop", 1, 1],
    ["crop", 3, 40],
    ["default", 1, 40],
  ] as const)(
    "by %s is %i by %i, and of its own colour, when its shorter side is one pixel or more",
    (...call) => {
      const [mode, width, height] = call;
      const picture = resized(width, height, mode);
      expect(picture).toMatchObject({ width, height, channels: 3 });
      expect(new Set(picture.data)).toEqual(new Set([200]));
    },
  );

  test("by fill keeps the one pixel of its shorter side, whichever that is", () => {
    for (const [width, height] of [
      [100, 10],
      [10, 100],
    ] as const) {
      const source = blankRaster(width, height, 3, 200);
      expect(resized(10, 10, "fill", source)).toEqual(blankRaster(10, 10, 3, 200));
    }
  });

  test("of which nothing is left inside is refused, and the other way round, too", () => {
    const refused = (found: string): Error =>
      expect.objectContaining({
        code: "INVALID_ARGUMENT",
        message: `resize: a ${found} pixels. Use resizeMode "crop" or "default".`,
      }) as Error;
    expect(() => resized(9, 30, "fill")).toThrow(refused("100x10 picture fitted into 9x30 would be 9x0"));
    expect(() => resized(30, 9, "fill", blankRaster(10, 100, 3))).toThrow(
      refused("10x100 picture fitted into 30x9 would be 0x9"),
    );
  });
});

test("a mode that is not known is refused with those that are", () => {
  expect(() => resized(8, 8, "stretch" as never)).toThrow(
    expect.objectContaining({
      code: "INVALID_ARGUMENT",
      message: 'resize: expected the mode default, fill, crop, found "stretch".',
    }),
  );
});
