import { describe, expect, test } from "vitest";
import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from "./half.ts";

describe("float16", () => {
  test("every finite value survives the way to float32 and back", () => {
    for (let half = 0; half < 0x10000; half++) {
      if (((half >> 10) & 0x1f) === 0x1f) continue;
      expect(float32ToFloat16(float16ToFloat32(half)), `bits 0x${half.toString(16)}`).toBe(half);
    }
  });

  test.each([
    ["rounds ties to even, down", 1 + 2 ** -11, 0x3c00],
    ["rounds ties to even, up", 1 + 3 * 2 ** -11, 0x3c02],
    ["keeps the largest finite value", 65504, 0x7bff],
    ["goes to infinity from 65520", 65520, 0x7c00],
    ["rounds the smallest subnormal's half to zero", 2 ** -25, 0],
    ["rounds above that half to the smallest subnormal", 2 ** -25 * 1.01, 1],
    ["keeps the sign of zero", -0, 0x8000],
    ["keeps infinity", -Infinity, 0xfc00],
  ])("%s", (_, value, bits) => {
    expect(float32ToFloat16(value)).toBe(bits);
  });

  test("keeps NaN a NaN", () => {
    expect(float16ToFloat32(float32ToFloat16(NaN))).toBeNaN();
  });
});

describe("bfloat16", () => {
  test.each([
    ["is the upper half of a float32", 1, 0x3f80],
    ["rounds ties to even, down", 1 + 2 ** -8, 0x3f80],
    ["rounds ties to even, up", 1 + 3 * 2 ** -8, 0x3f82],
    ["keeps infinity", Infinity, 0x7f80],
  ])("%s", (_, value, bits) => {
    expect(float32ToBfloat16(value)).toBe(bits);
  });

  test("reads back what it wrote", () => {
    expect(bfloat16ToFloat32(float32ToBfloat16(-3.140625))).toBe(-3.140625);
    expect(bfloat16ToFloat32(float32ToBfloat16(NaN))).toBeNaN();
  });
});
