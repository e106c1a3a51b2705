/** Systems of equations with a symmetric, positive definite matrix: A = L Lᵀ, by Cholesky. */
import { invariant } from "../errors.ts";
import type { SymmetricMatrix } from "./symmetric-matrix.ts";

/** The solution of A x = b for each right side b, of the matrix's size. */
export function solvePositive(matrix: SymmetricMatrix, rightSides: readonly Float64Array[]): Float64Array[] {
  const lower = factor(matrix);
  return rightSides.map((right) => substitute(lower, matrix.size, right));
}

/** L, whose upper triangle holds what A has there and is not to be read. */
function factor({ size, values }: SymmetricMatrix): Float64Array {
  const lower = values.slice();
  for (let i = 0; i < size; i++) {
    const row = lower.subarray(i * size, (i + 1) * size);
    for (let j = 0; j <= i; j++) {
      const other = lower.subarray(j * size, (j + 1) * size);
      let rest = row[j]!;
      for (let k = 0; k < j; k++) rest -= row[k]! * other[k]!;
      if (j === i) invariant(rest > 0, "solvePositive: the matrix is not positive definite");
      row[j] = j === i ? Math.sqrt(rest) : rest / other[j]!;
    }
  }
  return lower;
}

/** L y = b from above, then Lᵀ x = y from below. */
function substitute(lower: Float64Array, size: number, right: Float64Array): Float64Array {
  const x = right.slice();
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < i; k++) x[i] = x[i]! - lower[i * size + k]! * x[k]!;
    x[i] = x[i]! / lower[i * size + i]!;
  }
  for (let i = size - 1; i >= 0; i--) {
    x[i] = x[i]! / lower[i * size + i]!;
    for (let k = 0; k < i; k++) x[k] = x[k]! - lower[i * size + k]! * x[i]!;
  }
  return x;
}
