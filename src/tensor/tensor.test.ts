import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import type { DataOf, DType } from "./dtype.ts";
import { Tensor } from "./tensor.ts";

describe("Tensor", () => {
  test("keeps the caller's array, not a copy", () => {
    const data = new Float32Array(6);
    expect(Tensor.from(data, [2, 3]).data).toBe(data);
  });

  test("refuses data that does not fill the shape", () => {
    expect(() => Tensor.from(new Float32Array(5), [2, 3])).toThrow(
      "Tensor.from: expected 6 elements for shape [2, 3], found 5.",
    );
  });

  test("refuses a shape with a fraction or a negative side", () => {
    expect(() => Tensor.zeros([2, -1])).toThrow("expected a shape of non-negative integers, found [2, -1]");
    expect(() => Tensor.zeros([1.5])).toThrow("found [1.5]");
    const holed: number[] = [];
    holed[1] = 2;
    expect(() => Tensor.from(new Float32Array(2), holed)).toThrow("found [, 2]");
  });

  test("refuses bits without a dtype", () => {
    const bits = new Uint16Array(1) as unknown as Float32Array;
    expect(() => Tensor.from(bits, [1])).toThrow('or a Uint16Array with its dtype ("float16" or "bfloat16")');
  });

  test("refuses an array of another dtype", () => {
    const floats = new Float32Array(1) as unknown as DataOf<DType>;
    expect(() => Tensor.from(floats, [1], "int64")).toThrow("expected a BigInt64Array for dtype int64");
  });

  test("has a shape that cannot be changed", () => {
    const shape = Tensor.zeros([2]).shape as number[];
    expect(() => shape.push(3)).toThrow(TypeError);
  });

  test("converts between float dtypes", () => {
    const tensor = Tensor.from(Float32Array.of(0.1, -2), [2]);
    expect(tensor.toFloat32()).toBe(tensor);
    expect(tensor.toFloat("bfloat16").toFloat32()).toBeAllclose(tensor, { absolute: 0, relative: 2 ** -8 });
    expect(tensor.toFloat("float16").toFloat32()).toBeAllclose(tensor, { absolute: 0, relative: 2 ** -11 });
  });

  test("shows its range instead of its numbers", () => {
    const tensor = Tensor.from(Float32Array.of(-1, 0.123456, NaN, 2), [1, 4]);
    expect(inspect({ tensor })).toBe("{ tensor: Tensor float32 [1, 4], -1 … 2, mean 0.3745, 1 not finite }");
    expect(String(Tensor.zeros([0]))).toBe("Tensor float32 [0], empty");
  });

  test("equals a tensor of the same dtype, shape and bits only", () => {
    const a = Tensor.from(Float32Array.of(1, 2), [2]);
    expect(a.equals(Tensor.from(Float32Array.of(1, 2), [2]))).toBe(true);
    expect(a.equals(Tensor.from(Float32Array.of(1, 3), [2]))).toBe(false);
    expect(a.equals(Tensor.from(Float32Array.of(1, 2), [1, 2]))).toBe(false);
    expect(a.equals(Tensor.from(Float64Array.of(1, 2), [2]))).toBe(false);
  });
});
