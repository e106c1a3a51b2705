import { describe, expect, test } from "vitest";
import { augmentationOf } from "./augment.ts";

const options = { seed: 7, crop: "random", flip: true } as const;

describe("augmentationOf", () => {
  test("follows from seed, epoch and example, and differs with each", () => {
    const draws = [
      augmentationOf(options, 0, 0),
      augmentationOf(options, 0, 1),
      augmentationOf(options, 1, 0),
      augmentationOf({ ...options, seed: 8 }, 0, 0),
    ];
    expect(new Set(draws.map(({ x, y }) => `${x} ${y}`)).size).toBe(4);
    expect(augmentationOf(options, 0, 1)).toEqual(draws[1]);
  });

  test("is uniform over positions and mirrors half of the pictures", () => {
    const draws = Array.from({ length: 4000 }, (_, example) => augmentationOf(options, 2, example));
    const mean = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
    // Five standard errors: 0.29 / sqrt(4000) and 0.5 / sqrt(4000).
    expect(Math.abs(mean(draws.map(({ x }) => x)) - 0.5)).toBeLessThan(0.023);
    expect(Math.abs(mean(draws.map(({ y }) => y)) - 0.5)).toBeLessThan(0.023);
    expect(Math.abs(mean(draws.map(({ flip }) => Number(flip))) - 0.5)).toBeLessThan(0.04);
    expect(draws.every(({ x, y }) => x >= 0 && x < 1 && y >= 0 && y < 1)).toBe(true);
  });

  test("crops where it does whether or not pictures are mirrored", () => {
    const { x, y } = augmentationOf(options, 0, 5);
    expect(augmentationOf({ ...options, flip: false }, 0, 5)).toEqual({ x, y, flip: false });
  });

  test("never changes: a run that is resumed in ten years sees the same crops", () => {
    const { x, y, flip } = augmentationOf({ seed: 0, crop: "random", flip: true }, 2, 3);
    expect([x, y, flip]).toEqual([0.11959075927734375, 0.6524295210838318, false]);
  });

  test("mirrors below one half, whatever the crop", () => {
    const flips = Array.from({ length: 64 }, (_, example) => {
      const random = augmentationOf(options, 0, example);
      expect(augmentationOf({ ...options, crop: "center" }, 0, example)).toEqual({
        x: 0.5,
        y: 0.5,
        flip: random.flip,
      });
      return random.flip;
    });
    expect(new Set(flips)).toEqual(new Set([true, false]));
  });

  test("keeps to the centre when told", () => {
    const centre = augmentationOf({ seed: 7, crop: "center", flip: false }, 0, 5);
    expect(centre).toEqual({ x: 0.5, y: 0.5, flip: false });
  });
});
