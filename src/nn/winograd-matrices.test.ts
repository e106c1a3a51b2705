import { describe, expect, test } from "vitest";
import { byColumns } from "./join-tiles.ts";
import { matrixTensor } from "./matrix-constant.ts";
import { kronecker, winogradMatrices, type Matrix } from "./winograd-matrices.ts";

const times = (matrix: Matrix, vector: readonly number[]): number[] =>
  matrix.map((row) => row.reduce((sum, value, index) => sum + value * vector[index]!, 0));

describe.each([2, 4, 6] as const)("Winograd's matrices for tiles of %i", (m) => {
  const { output, kernel, input } = winogradMatrices(m);

  test("filter as the definition does", () => {
    const g = [0.5, -1.25, 2];
    const d = Array.from({ length: m + 2 }, (_, index) => Math.cos(index) + index / 3);
    const products = times(input, d).map((value, index) => value * times(kernel, g)[index]!);
    const found = times(output, products);
    const expected = Array.from(
      { length: m },
      (_, i) => g[0]! * d[i]! + g[1]! * d[i + 1]! + g[2]! * d[i + 2]!,
    );
    found.forEach((value, index) => {
      // Double precision, and matrices with entries up to some tens.
      expect(value).toBeCloseTo(expected[index]!, 10);
    });
  });

  test("have the fewest products: one for each element that is read", () => {
    expect([output.length, kernel.length, input.length]).toEqual([m, m + 2, m + 2]);
    expect([output, kernel, input].map(([row]) => row!.length)).toEqual([m + 2, 3, m + 2]);
  });
});

test("a Kronecker product has the rows and the columns of both, the second one's turning faster", () => {
  expect(
    kronecker(
      [
        [1, 2],
        [3, 4],
      ],
      [
        [0, 5],
        [6, 7],
      ],
    ),
  ).toEqual([
    [0, 5, 0, 10],
    [6, 7, 12, 14],
    [0, 15, 0, 20],
    [18, 21, 24, 28],
  ]);
});

test("tiles are joined column by column", () => {
  expect(byColumns([[0], [1], [2], [3]], 2)).toEqual([[0], [2], [1], [3]]);
  expect(byColumns([[0], [1], [2], [3], [4], [5], [6], [7], [8]], 3).flat()).toEqual([
    0, 3, 6, 1, 4, 7, 2, 5, 8,
  ]);
});

test("a matrix is a tensor of its own shape, or of another with as many elements", () => {
  expect(
    matrixTensor([
      [1, 2, 3],
      [4, 5, 6],
    ]).shape,
  ).toEqual([2, 3]);
  const other = matrixTensor(
    [
      [1, 2, 3],
      [4, 5, 6],
    ],
    [6, 1],
  );
  expect([other.shape, [...other.data]]).toEqual([
    [6, 1],
    [1, 2, 3, 4, 5, 6],
  ]);
});
