/** Beside the goldens of test/conformance/vq-models.test.ts: what a small codebook leaves no doubt of. */
import { describe, expect, test } from "vitest";
import { Tensor } from "../tensor/tensor.ts";
import { placesOf, quantize, rowsOf } from "./vector-quantizer.ts";

/** Rows (0, 0), (2, 0), (0, 2) and (2, 0) once more. */
const codebook = Tensor.from(Float32Array.of(0, 0, 2, 0, 0, 2, 2, 0), [4, 2]);

/** Two pictures of one row with two latents each; the first picture's are (1, 0) and (0.25, 1.5). */
const latents = Tensor.from(Float32Array.of(1, 0.25, 0, 1.5, 3, -5, 0.5, -5), [2, 2, 1, 2]);

describe("quantize", () => {
  const { quantized, indices, commitLoss } = quantize(latents, codebook);

  test("takes the nearest row, and of equally near ones the first", () => {
    // (1, 0) is as far from (0, 0) as from (2, 0); (3, 0.5) is nearest to (2, 0), which is there twice.
    expect([...indices.data]).toEqual([0n, 2n, 1n, 0n]);
    expect(indices.shape).toEqual([2, 1, 2]);
  });

  test("puts each row where its latent was", () => {
    expect([...quantized.data]).toEqual([0, 0, 0, 2, 2, 0, 0, 0]);
    expect(quantized.shape).toEqual(latents.shape);
  });

  test("has one and a quarter mean squares as its loss", () => {
    const squares = 1 + 0.25 ** 2 + 0.5 ** 2 + 1 + 0.5 ** 2 + 25 + 25;
    expect(commitLoss.shape).toEqual([]);
    expect(commitLoss.data[0]).toBeCloseTo((1.25 * squares) / 8, 5);
  });
});

test("rows by their numbers stand where the numbers stood", () => {
  const indices = Tensor.from(BigInt64Array.of(2n, 1n), [1, 1, 2], "int64");
  expect([...rowsOf(indices, codebook, [1, 1, 2]).data]).toEqual([0, 2, 2, 0]);
});

test.each([-1n, 4n])("%d is no row's number", (index) => {
  const indices = Tensor.from(BigInt64Array.of(index), [1, 1, 1], "int64");
  expect(() => rowsOf(indices, codebook, [1, 1, 1])).toThrow(
    `decode: expected numbers of the codebook's rows, 0 to 3, found ${index}.`,
  );
});

describe("the places of rows' numbers", () => {
  const flat = Tensor.zeros([6], "int64");

  test("are their own, or those of a shape", () => {
    expect(placesOf(Tensor.zeros([1, 2, 3], "int64"), 2, undefined)).toEqual([1, 2, 3]);
    expect(placesOf(flat, 2, [1, 3, 2, 2])).toEqual([1, 3, 2]);
  });

  test.each([
    [undefined, "found indices of shape [6]"],
    [[1, 3, 2], "found [1, 3, 2]"],
    [[1, 3, 2, 5], "found [1, 3, 2, 5]"],
    [[1, 3, 3, 2], "found [1, 3, 3, 2]"],
  ])("are not those of shape %j", (shape, found) => {
    expect(() => placesOf(flat, 2, shape)).toThrow(
      `decode: expected shape [N, h, w, 2] with as many places as there are indices, 6, ${found}.`,
    );
  });
});
