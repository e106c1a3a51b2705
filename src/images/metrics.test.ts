import { describe, expect, test } from "vitest";
import { meanSquaredError, psnr, ssim } from "./metrics.ts";
import type { Raster } from "./raster.ts";

const made = (size: number, sample: (i: number) => number): Raster => ({
  width: size,
  height: size,
  channels: 3,
  data: Uint8Array.from({ length: size * size * 3 }, (_, i) => sample(i)),
});

describe("metrics", () => {
  test("equal pictures have SSIM 1 and infinite PSNR", () => {
    const a = made(16, (i) => (i * 37) % 256);
    expect(ssim(a, a)).toBeCloseTo(1, 12);
    expect(psnr(a, a)).toBe(Infinity);
  });

  test("flat pictures follow the closed forms", () => {
    const c1 = (0.01 * 255) ** 2;
    const a = made(12, () => 100);
    const b = made(12, () => 110);
    expect(psnr(a, b)).toBeCloseTo(10 * Math.log10(255 ** 2 / 100), 12);
    expect(ssim(a, b)).toBeCloseTo((2 * 100 * 110 + c1) / (100 ** 2 + 110 ** 2 + c1), 9);
  });

  test("pictures below the window or of two sizes are refused", () => {
    expect(() =>
      ssim(
        made(10, () => 0),
        made(10, () => 0),
      ),
    ).toThrow("at least 11x11");
    expect(() =>
      psnr(
        made(10, () => 0),
        made(12, () => 0),
      ),
    ).toThrow("one size");
  });
});

describe("the mean squared error", () => {
  test("is over all pixels and channels, and what PSNR is made of", () => {
    const a = made(2, () => 10);
    const b = made(2, (i) => (i === 5 ? 16 : 10));
    expect(meanSquaredError(a, b)).toBe(3);
    expect(meanSquaredError(b, a)).toBe(3);
    expect(psnr(a, b)).toBeCloseTo(10 * Math.log10(255 ** 2 / 3), 12);
    const other = made(3, () => 10);
    expect(() => meanSquaredError(a, other)).toThrow("meanSquaredError: expected two pictures of one size");
    expect(() => psnr(a, other)).toThrow("psnr: expected two pictures of one size");
    expect(() => ssim(a, other)).toThrow("ssim: expected two pictures of one size");
  });
});

test("ssim takes pictures of its window's size, and says what is smaller", () => {
  const small = made(11, (i) => i % 251);
  expect(ssim(small, small)).toBeCloseTo(1, 12);
  const narrow: Raster = { width: 10, height: 12, channels: 1, data: new Uint8Array(120) };
  expect(() => ssim(narrow, narrow)).toThrow(
    "ssim: expected pictures of at least 11x11 pixels, the size of its window, found 10x12 grey.",
  );
});
