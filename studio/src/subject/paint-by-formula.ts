/** Pictures by formula: a colour for each place. */
import type { Raster } from "vaekit";

/** Red, green and blue, 0 to 1. */
export type Colour = readonly [number, number, number];

const side = 512;

/** Each pixel is the mean of 2x2 places in it. @param colour of a place; 0 to 1 from the left and from the top. */
export function paintByFormula(colour: (x: number, y: number) => Colour): Raster {
  const data = new Uint8Array(side * side * 3);
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const sum = [0, 0, 0];
      for (const [dx, dy] of [
        [0.25, 0.25],
        [0.75, 0.25],
        [0.25, 0.75],
        [0.75, 0.75],
      ] as const) {
        colour((column + dx) / side, (row + dy) / side).forEach((value, i) => (sum[i]! += value / 4));
      }
      data.set(
        sum.map((value) => Math.round(255 * Math.min(Math.max(value, 0), 1))),
        (row * side + column) * 3,
      );
    }
  }
  return { width: side, height: side, channels: 3, data };
}

export function mix(a: Colour, b: Colour, share: number): Colour {
  const t = Math.min(Math.max(share, 0), 1);
  return [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t];
}

/** 0 below `from`, 1 above `to`, smooth between. */
export function smoothStep(from: number, to: number, x: number): number {
  const t = Math.min(Math.max((x - from) / (to - from), 0), 1);
  return t * t * (3 - 2 * t);
}
