import { describe, expect, test } from "vitest";
import { eigenvectors, leastSquares, solvePositive, SymmetricMatrix } from "./index.ts";

/** Numbers without a pattern, the same ones each time. */
const noise = (i: number): number =>
  ((Math.sin(i * 12.9898) * 43758.5453) % 1) - 0.5 * Math.sign(Math.sin(i * 12.9898));

/** B Bᵀ of a [size, rank] matrix B without a pattern: positive semidefinite. */
function gram(size: number, rank: number): SymmetricMatrix {
  const rows = Array.from({ length: size }, (_, i) =>
    Float64Array.from({ length: rank }, (_, k) => noise(1 + i * rank + k)),
  );
  return new SymmetricMatrix(size, (i, j) => dot(rows[i]!, rows[j]!));
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((sum, value, i) => sum + value * b[i]!, 0);

const times = ({ size, values }: SymmetricMatrix, x: Float64Array): Float64Array =>
  Float64Array.from({ length: size }, (_, i) => dot(values.subarray(i * size, (i + 1) * size), x));

describe("eigenvectors", () => {
  test.each([
    ["of full rank", gram(40, 60)],
    ["of rank 5, with an eigenvalue that is there 35 times", gram(40, 5)],
    [
      "whose columns differ a million times in size",
      new SymmetricMatrix(12, (i, j) => noise(i * 12 + j) * 10 ** ((i + j) / 4)),
    ],
    ["that is diagonal", new SymmetricMatrix(5, (i, j) => (i === j ? i : 0))],
    ["of zeros", new SymmetricMatrix(3, () => 0)],
    ["of one element", new SymmetricMatrix(1, () => -2)],
  ])("of a matrix %s are turned by it into multiples of themselves, and orthogonal", (_, matrix) => {
    const found = eigenvectors(matrix);
    const scale = 1 + Math.max(...matrix.values.map(Math.abs));
    expect(found).toHaveLength(matrix.size);
    for (const [i, { eigenvalue, vector }] of found.entries()) {
      const expected = vector.map((value) => eigenvalue * value);
      expect(times(matrix, vector)).toBeAllclose(expected, { absolute: 1e-12 * scale });
      const products = found.map((other) => dot(vector, other.vector));
      expect(products).toBeAllclose(
        found.map((_, j) => (i === j ? 1 : 0)),
        { absolute: 1e-12 },
      );
    }
    const eigenvalues = found.map(({ eigenvalue }) => eigenvalue);
    expect(eigenvalues).toEqual([...eigenvalues].sort((a, b) => b - a));
  });

  test("of a matrix that one knows by heart", () => {
    const [first, second] = eigenvectors(new SymmetricMatrix(2, (i, j) => (i === j ? 2 : 1)));
    expect(first!.eigenvalue).toBeCloseTo(3, 14);
    expect(second!.eigenvalue).toBeCloseTo(1, 14);
    expect(first!.vector[0]! / first!.vector[1]!).toBeCloseTo(1, 14);
  });
});

describe("solvePositive", () => {
  test("finds what the matrix turns into the right sides", () => {
    const matrix = gram(30, 50);
    const solutions = [1, 2].map((seed) =>
      Float64Array.from({ length: 30 }, (_, i) => noise(1000 * seed + i)),
    );
    const found = solvePositive(
      matrix,
      solutions.map((x) => times(matrix, x)),
    );
    for (const [k, x] of solutions.entries()) expect(found[k]!).toBeAllclose(x, { absolute: 1e-11 });
  });

  test("refuses a matrix that is not positive definite", () => {
    const matrix = new SymmetricMatrix(2, (i, j) => (i === j ? 1 : 2));
    expect(() => solvePositive(matrix, [Float64Array.of(1, 1)])).toThrow("not positive definite");
  });
});

describe("leastSquares", () => {
  const column = (seed: number): Float64Array =>
    Float64Array.from({ length: 20 }, (_, i) => noise(100 * seed + i + 1));

  test("leaves what is orthogonal to every column", () => {
    const columns = [column(1), column(2), column(3)];
    const target = column(4);
    const factors = leastSquares(columns, target)!;
    const rest = target.map(
      (value, i) =>
        value -
        dot(
          factors,
          columns.map((each) => each[i]!),
        ),
    );
    for (const each of columns) expect(dot(each, rest)).toBeCloseTo(0, 12);
  });

  test("finds the factors of a sum of columns, however differently long they are", () => {
    const columns = [column(1), column(2).map((value) => 1e9 * value), column(3)];
    const target = columns[0]!.map((value, i) => 2 * value - 3 * columns[1]![i]! + 0.5 * columns[2]![i]!);
    expect(leastSquares(columns.slice(0, 2).concat(columns[2]!), target)![1]).toBeCloseTo(-3, 12);
  });

  test("has no answer for columns of which one follows from another", () => {
    expect(leastSquares([column(1), column(1).map((value) => -2 * value)], column(2))).toBeUndefined();
    expect(leastSquares([new Float64Array(20)], column(2))).toBeUndefined();
  });
});
