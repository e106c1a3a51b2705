/** Hills in haze under an evening sky: smooth shades, soft edges, a little noise. */
import type { Raster } from "vaekit";
import { mix, paintByFormula, smoothStep, type Colour } from "./paint-by-formula.ts";

const skyAbove: Colour = [0.13, 0.26, 0.47];
const skyBelow: Colour = [0.98, 0.74, 0.5];
const sun: Colour = [1, 0.95, 0.8];
const farHills: Colour = [0.55, 0.52, 0.62];
const nearHills: Colour = [0.07, 0.13, 0.14];
const ranges = 6;

export function landscape(): Raster {
  const skyline = ridgesByPlace();
  return paintByFormula((x, y) => {
    const ridges = skyline(x);
    const shares = ridges.map((ridge) => smoothStep(ridge - 0.002, ridge + 0.002, y));
    // What lies behind hills is not seen.
    const nearest = shares.lastIndexOf(1);
    let colour = nearest < 0 ? sky(x, y) : hillside(x, y, nearest, ridges[nearest]!);
    for (let range = nearest + 1; range < ranges; range++) {
      const share = shares[range]!;
      if (share > 0) colour = mix(colour, hillside(x, y, range, ridges[range]!), share);
    }
    return colour;
  });
}

function sky(x: number, y: number): Colour {
  const distance = Math.hypot(x - 0.68, y - 0.36);
  const glow = Math.exp(-distance * 5);
  const air = mix(mix(skyAbove, skyBelow, smoothStep(0, 0.55, y)), sun, 0.7 * glow);
  return mix(sun, air, smoothStep(0.07, 0.076, distance));
}

function hillside(x: number, y: number, range: number, ridge: number): Colour {
  const depth = range / (ranges - 1);
  const hills = mix(farHills, nearHills, depth ** 0.8);
  const lit = mix(hills, skyBelow, 0.45 * (1 - depth) * smoothStep(ridge, ridge + 0.16, y));
  const grain = 0.05 * depth * (valueNoise(x * 90, y * 90, range) - 0.5);
  return mix(lit, sun, grain);
}

/** How far from the top each range of hills begins at a place from the left: the same for a whole column, and slow to find. */
function ridgesByPlace(): (x: number) => readonly number[] {
  const known = new Map<number, readonly number[]>();
  return (x) => {
    const ridges = known.get(x) ?? Array.from({ length: ranges }, (_, range) => ridgeAt(x, range));
    known.set(x, ridges);
    return ridges;
  };
}

function ridgeAt(x: number, range: number): number {
  const depth = range / (ranges - 1);
  return 0.46 + 0.085 * range - (0.05 + 0.045 * depth) * ridgeHeight(x * (2 + range), range);
}

/** About -1 to 1. */
function ridgeHeight(x: number, seed: number): number {
  let height = 0;
  for (let octave = 0; octave < 5; octave++)
    height += (valueNoise(x * 2 ** octave, 0, seed) - 0.5) / 1.9 ** octave;
  return height;
}

/** Numbers of 0 to 1 at whole places, smooth between. */
function valueNoise(x: number, y: number, seed: number): number {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const [right, down] = [smoothStep(0, 1, x - left), smoothStep(0, 1, y - top)];
  const at = (dx: number, dy: number): number => hash(left + dx, top + dy, seed);
  const above = at(0, 0) + (at(1, 0) - at(0, 0)) * right;
  const below = at(0, 1) + (at(1, 1) - at(0, 1)) * right;
  return above + (below - above) * down;
}

/** A number of 0 to 1 that looks random, by whole-number arithmetic that is the same everywhere. */
function hash(x: number, y: number, seed: number): number {
  let bits = Math.imul(x, 0x27d4eb2d) ^ Math.imul(y, 0x165667b1) ^ Math.imul(seed + 1, 0x9e3779b1);
  bits = Math.imul(bits ^ (bits >>> 15), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return ((bits ^ (bits >>> 16)) >>> 0) / 2 ** 32;
}
