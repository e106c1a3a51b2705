import { expect, test } from "vitest";
import { Tensor } from "../tensor/tensor.ts";
import { saturationWarning } from "./saturation.ts";

const warning = (...values: number[]): string | undefined =>
  saturationWarning(Tensor.from(Float32Array.from(values), [values.length]), "model");

test("warns where more than half of the values lie beyond ±2", () => {
  expect(warning(2, -2, 2, -2)).toBeUndefined();
  expect(warning(3, -3, 1, 0)).toBeUndefined();
  expect(warning()).toBeUndefined();
  expect(warning(3, -12.345, 1)).toBe(
    "model: expected pixels of about -1 to 1, found 67 % of them beyond ±2, up to 12.3; the picture is little but 0 and 255. Check the model's weights, and that the latents are scaled as it expects.",
  );
  expect(warning(-2.5)).toContain("found 100 % of them beyond ±2, up to 2.50;");
});

test("reads any float dtype, and refuses what is no tensor", () => {
  const half = Tensor.from(Float32Array.of(9), [1]).toFloat("float16");
  expect(saturationWarning(half, "model")).toContain("up to 9.00");
  expect(() => saturationWarning([1] as never, "model")).toThrow(
    "saturationWarning: expected a vaekit Tensor",
  );
});
