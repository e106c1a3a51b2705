/**
 * The matrices of Winograd's minimal filtering F(m, 3), by Toom and Cook: m outputs of a filter of 3 taps from m + 2
 * products. The products are those of two polynomials at m + 1 points and at infinity.
 *
 * @see Lavin and Gray 2015, Fast Algorithms for Convolutional Neural Networks, section 4
 * @see Barabasz et al. 2020, Error Analysis and Improving the Accuracy of Winograd Convolution (choice of points)
 */
import type { TileSize } from "../cost/index.ts";

/** Rows of a matrix. */
export type Matrix = readonly (readonly number[])[];

/** y = output · ((kernel · g) ∘ (input · d)): d has m + 2 elements, g 3 and y m, with y[i] = Σ g[j] · d[i + j]. */
export interface WinogradMatrices {
  /** [m, m + 2] */
  readonly output: Matrix;
  /** [m + 2, 3] */
  readonly kernel: Matrix;
  /** [m + 2, m + 2] */
  readonly input: Matrix;
}

const taps = 3;

/** All but infinity, chosen to round well in float32. A point beside its opposite and its inverse keeps the matrices' entries small. */
const points: Readonly<Record<TileSize, readonly number[]>> = {
  2: [0, 1, -1],
  4: [0, 1, -1, 1 / 2, -2],
  6: [0, 1, -1, 2, -2, 1 / 2, -1 / 2],
};

/** The matrices of F(m, 3). Their entries are exact sums and quotients of small numbers, rounded to double once or twice. */
export function winogradMatrices(m: TileSize): WinogradMatrices {
  const at = points[m];
  const isInfinity = (row: number): boolean => row === at.length;
  const rows = [...at.keys(), at.length];
  const others = (row: number): number[] => at.filter((_, other) => other !== row);
  const distances = (row: number): number => others(row).reduce((product, p) => product * (at[row]! - p), 1);
  return {
    output: Array.from({ length: m }, (_, i) =>
      rows.map((row) => (isInfinity(row) ? Number(i === m - 1) : at[row]! ** i)),
    ),
    kernel: rows.map((row) =>
      Array.from({ length: taps }, (_, j) =>
        isInfinity(row) ? Number(j === taps - 1) : at[row]! ** j / distances(row),
      ),
    ),
    input: rows.map((row) => padded(polynomial(isInfinity(row) ? at : others(row)), rows.length)),
  };
}

/** The coefficients of Π (x - root), lowest first. */
function polynomial(roots: readonly number[]): number[] {
  return roots.reduce<number[]>(
    (coefficients, root) => [0, ...coefficients].map((above, i) => above - root * (coefficients[i] ?? 0)),
    [1],
  );
}

const padded = (row: readonly number[], length: number): number[] =>
  Array.from({ length }, (_, i) => row[i] ?? 0);

/** The Kronecker product a ⊗ b: row (i, k), column (j, l) is a[i][j] · b[k][l]. */
export function kronecker(a: Matrix, b: Matrix): Matrix {
  return a.flatMap((left) => b.map((right) => left.flatMap((x) => right.map((y) => x * y))));
}
