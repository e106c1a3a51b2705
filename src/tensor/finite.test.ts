import { describe, expect, test } from "vitest";
import { firstNonFinite } from "./finite.ts";
import { Tensor } from "./tensor.ts";

/** More than one block of the search, and no whole number of them. */
const size = 10_000;

function withValueAt(index: number, value: number): Float32Array {
  const data = new Float32Array(size).fill(3.4e38);
  data[index] = value;
  return data;
}

describe("firstNonFinite", () => {
  test.each([
    [0, NaN],
    [4095, Infinity],
    [4096, -Infinity],
    [9999, NaN],
  ])("finds what lies at %d: %d", (index, value) => {
    expect(firstNonFinite(Tensor.from(withValueAt(index, value), [size]))).toBe(index);
    expect(firstNonFinite(Tensor.from(Float64Array.from(withValueAt(index, value)), [size]))).toBe(index);
  });

  test("takes the largest and the smallest numbers of a dtype as finite", () => {
    expect(firstNonFinite(Tensor.from(withValueAt(5, 1e-45), [size]))).toBeUndefined();
    const halves = Uint16Array.of(0x7bff, 0xfbff, 0x0001, 0x8000);
    expect(firstNonFinite(Tensor.from(halves, [4], "float16"))).toBeUndefined();
    const brains = Uint16Array.of(0x7f7f, 0xff7f, 0x0001, 0x8000);
    expect(firstNonFinite(Tensor.from(brains, [4], "bfloat16"))).toBeUndefined();
  });

  test.each([
    ["float16", 0x7c00],
    ["float16", 0xfc00],
    ["float16", 0x7e01],
    ["bfloat16", 0x7f80],
    ["bfloat16", 0xff80],
    ["bfloat16", 0x7fc1],
  ] as const)("reads the bits of %s: %d", (dtype, bits) => {
    expect(firstNonFinite(Tensor.from(Uint16Array.of(0, bits), [2], dtype))).toBe(1);
  });

  test("has nothing to find in whole numbers and in empty tensors", () => {
    expect(firstNonFinite(Tensor.from(Uint8Array.of(255), [1]))).toBeUndefined();
    expect(firstNonFinite(Tensor.from(BigInt64Array.of(2n ** 62n), [1]))).toBeUndefined();
    expect(firstNonFinite(Tensor.zeros([0]))).toBeUndefined();
  });
});
