/**
 * The matrices of Winograd's minimal filtering F(m, r), by Toom and Cook: m outputs of a filter of r taps from m + r - 1
 * products. The products are those of two polynomials at m + r - 2 points and at infinity.
 *
 * @see Lavin and Gray 2015, Fast Algorithms for Convolutional Neural Networks, section 4
 * @see Barabasz et al. 2020, Error Analysis and Improving the Accuracy of Winograd Convolution (choice of points)
 */
import type { TileSize } from "../cost/index.ts";

/** Rows of a matrix. */
export type Matrix = readonly (readonly number[])[];

/** y = output · ((kernel · g) ∘ (input · d)): d has m + r - 1 elements, g r and y m, with y[i] = Σ g[j] · d[i + j]. */
export interface WinogradMatrices {
  /** [m, m + r - 1] */
  readonly output: Matrix;
  /** [m + r - 1, r] */
  readonly kernel: Matrix;
  /** [m + r - 1, m + r - 1] */
  readonly input: Matrix;
}

/** All but infinity, chosen to round well in float32. A point beside its opposite and its inverse keeps the matrices' entries small. */
const points: Readonly<Record<TileSize, readonly number[]>> = {
  2: [0, 1, -1],
  4: [0, 1, -1, 1 / 2, -2],
  6: [0, 1, -1, 2, -2, 1 / 2, -1 / 2],
};

/** The matrices of F(m, 3). Their entries are exact sums and quotients of small numbers, rounded to double once or twice. */
export const winogradMatrices = (m: TileSize): WinogradMatrices => filterMatrices(m, 3, points[m]);

/** Of F(3, 2), which takes as few products as F(2, 3), and rounds as well. */
export const pairMatrices = (): WinogradMatrices => filterMatrices(3, 2, points[2]);

function filterMatrices(m: number, taps: number, at: readonly number[]): WinogradMatrices {
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
