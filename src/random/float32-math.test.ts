import { describe, expect, it } from "vitest";
import { fusedMultiplyAdd, lnFloat32, sincosFloat32 } from "./float32-math.ts";
import { Generator } from "./generator.ts";

const float32At = new Float32Array(1);
const wordAt = new Uint32Array(float32At.buffer);

/** A finite float32 as a whole number of 2^-149. */
function exact(value: number): bigint {
  float32At[0] = value;
  const word = wordAt[0]!;
  const exponent = (word >>> 23) & 0xff;
  const fraction = BigInt(exponent === 0 ? word & 0x7fffff : (word & 0x7fffff) | 0x800000);
  const magnitude = fraction << BigInt(Math.max(exponent, 1) - 1);
  return word >>> 31 === 1 ? -magnitude : magnitude;
}

/** |a*b + c - candidate| in units of 2^-298. */
function exactError(a: number, b: number, c: number, candidate: number): bigint {
  const difference = exact(a) * exact(b) + ((exact(c) - exact(candidate)) << 149n);
  return difference < 0n ? -difference : difference;
}

function neighbour(value: number, step: 1 | -1): number {
  float32At[0] = value;
  wordAt[0] = wordAt[0]! + step;
  return float32At[0];
}

describe("fusedMultiplyAdd", () => {
  it("rounds to the nearest float32, ties to even", () => {
    const small = 2 ** -12 * (1 + 2 ** -23);
    expect(fusedMultiplyAdd(small, small, 1)).toBe(1 + 2 ** -23);
    expect(fusedMultiplyAdd(2 ** -12, 2 ** -12, 1)).toBe(1);
    expect(fusedMultiplyAdd(-(2 ** -30), 2 ** -30, 1)).toBe(1);
    // Exactly between 1 + 2^-23, which is odd, and 1 + 2^-22.
    expect(fusedMultiplyAdd(3 * 2 ** -12, 2 ** -12, 1)).toBe(1 + 2 ** -22);
  });

  it("is the nearest float32 to the exact result for random arguments of mixed size", () => {
    const generator = Generator.philox(3);
    const mantissas = generator.uniform([3, 20_000], -1, 1).data;
    const exponents = generator.randint(-14, 3, [3, 20_000]).data;
    const at = (i: number): number => Math.fround(mantissas[i]! * 2 ** Number(exponents[i]!));
    for (let i = 0; i < 20_000; i++) {
      const [a, b, c] = [at(i), at(20_000 + i), at(40_000 + i)];
      const result = fusedMultiplyAdd(a, b, c);
      const error = exactError(a, b, c, result);
      for (const step of [1, -1] as const) {
        expect(error <= exactError(a, b, c, neighbour(result, step)), `${a} * ${b} + ${c}`).toBe(true);
      }
    }
  });

  it("decides ties of the double by the part that the double lost", () => {
    const tie = 2 ** 24 + 2; // neighbours are 2 apart, so + 1 is a tie
    const c = Math.fround(1 + 2 ** -23);
    const d = Math.fround(1 - 2 ** -23);
    // c·d = 1 - 2^-46, which the double sum with 2^24 + 2 rounds to the tie itself.
    expect(c * d + tie).toBe(tie + 1);
    expect(Math.fround(c * d + tie)).toBe(tie + 2);
    expect(fusedMultiplyAdd(c, d, tie)).toBe(tie);
  });
});

describe("lnFloat32 and sincosFloat32", () => {
  it("agree with the engine's double functions to float32 precision", () => {
    const out = new Float32Array(2);
    for (let i = 1; i <= 4096; i++) {
      const x = Math.fround(i / 4096);
      expect(Math.abs(lnFloat32(x) - Math.log(x))).toBeLessThan(6e-7);
      const angle = Math.fround(2 * Math.PI * x);
      sincosFloat32(angle, out);
      expect(Math.abs(out[0]! - Math.sin(angle))).toBeLessThan(2e-7);
      expect(Math.abs(out[1]! - Math.cos(angle))).toBeLessThan(2e-7);
    }
  });
});
