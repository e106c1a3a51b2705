/** Pictures by formula: a colour for each place. */
import type { Raster } from "vaekit";

/** Red, green and blue, 0 to 1. */
export type Colour = readonly [number, number, number];

const side = 512;

/** Where a pixel is looked at, in parts of its side. */
const places = [
  [0.25, 0.25],
  [0.75, 0.25],
  [0.25, 0.75],
  [0.75, 0.75],
] as const;

/** Each pixel is the mean of 2x2 places in it. @param colour of a place; 0 to 1 from the left and from the top. */
export function paintByFormula(colour: (x: number, y: number) => Colour): Raster {
  const data = new Uint8Array(side * side * 3);
  for (let pixel = 0; pixel < side * side; pixel++) {
    const [column, row] = [pixel % side, Math.floor(pixel / side)];
    let [red, green, blue] = [0, 0, 0];
    for (const [dx, dy] of places) {
      const [r, g, b] = colour((column + dx) / side, (row + dy) / side);
      red += r / places.length;
      green += g / places.length;
      blue += b / places.length;
    }
    data[pixel * 3] = byteOf(red);
    data[pixel * 3 + 1] = byteOf(green);
    data[pixel * 3 + 2] = byteOf(blue);
  }
  return { width: side, height: side, channels: 3, data };
}

const byteOf = (value: number): number => Math.round(255 * Math.min(Math.max(value, 0), 1));

export function mix(a: Colour, b: Colour, share: number): Colour {
  const t = Math.min(Math.max(share, 0), 1);
  return [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t];
}

/** 0 below `from`, 1 above `to`, smooth between. */
export function smoothStep(from: number, to: number, x: number): number {
  const t = Math.min(Math.max((x - from) / (to - from), 0), 1);
  return t * t * (3 - 2 * t);
}
