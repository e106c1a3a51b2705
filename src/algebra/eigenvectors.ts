/**
 * Eigenvectors of a symmetric matrix: reflections make it tridiagonal, rotations then diagonal, and the rows of the identity,
 * reflected and rotated alike, become the eigenvectors.
 *
 * @see Golub and Van Loan, Matrix Computations, 4th edition, sections 8.3.1 (Householder) and 8.3.5 (implicit QR)
 */
import { invariant } from "../errors.ts";
import type { SymmetricMatrix } from "./symmetric-matrix.ts";

export interface Eigenvector {
  readonly eigenvalue: number;
  /** Of length 1. */
  readonly vector: Float64Array;
}

type Rows = readonly Float64Array[];

interface Tridiagonal {
  readonly diagonal: Float64Array;
  /** Beside the diagonal, above and below. */
  readonly beside: Float64Array;
}

/** All of them, orthogonal to one another, the largest eigenvalue first. */
export function eigenvectors(matrix: SymmetricMatrix): Eigenvector[] {
  const { size } = matrix;
  const vectors = Array.from({ length: size }, (_, i) => new Float64Array(size).fill(1, i, i + 1));
  const tridiagonal = reflect(matrix, vectors);
  diagonalize(tridiagonal, vectors);
  return vectors
    .map((vector, i) => ({ eigenvalue: tridiagonal.diagonal[i]!, vector }))
    .sort((a, b) => b.eigenvalue - a.eigenvalue);
}

const dot = (a: Float64Array, b: Float64Array, from: number): number => {
  let sum = 0;
  for (let i = from; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
};

/** Makes zeros of what is beyond the elements beside the diagonal, a column at a time. */
function reflect({ size, values }: SymmetricMatrix, vectors: Rows): Tridiagonal {
  const rows = Array.from({ length: size }, (_, i) => values.slice(i * size, (i + 1) * size));
  const beside = new Float64Array(Math.max(0, size - 1));
  for (let k = 0; k + 1 < size; k++) {
    const first = k + 1;
    const mirror = mirrorOf(rows[k]!, first);
    beside[k] = rows[k]![first]! - 2 * mirror[first]! * dot(mirror, rows[k]!, first);
    reflectBothSides(rows, mirror, first);
    reflectRows(vectors, mirror, first);
  }
  return { diagonal: Float64Array.from(rows, (row, i) => row[i]!), beside };
}

/** The vector of length 1 whose reflection turns a row's part from `first` on into its first axis; zeros where it has none. */
function mirrorOf(row: Float64Array, first: number): Float64Array {
  const mirror = row.slice().fill(0, 0, first);
  const length = Math.sqrt(dot(mirror, mirror, first));
  // Away from zero, where the difference would be rounding.
  mirror[first] = mirror[first]! + (mirror[first]! < 0 ? -length : length);
  const size = Math.sqrt(dot(mirror, mirror, first));
  return size === 0 ? mirror : mirror.map((value) => value / size);
}

/** (I - 2 v vᵀ) A (I - 2 v vᵀ) of the part from `first` on. */
function reflectBothSides(rows: Rows, mirror: Float64Array, first: number): void {
  const image = Float64Array.from(rows, (row, i) => (i < first ? 0 : dot(row, mirror, first)));
  const along = dot(image, mirror, first);
  const change = image.map((value, i) => 2 * (value - along * mirror[i]!));
  for (let i = first; i < rows.length; i++) {
    const row = rows[i]!;
    const [v, w] = [mirror[i]!, change[i]!];
    for (let j = first; j < row.length; j++) row[j] = row[j]! - v * change[j]! - w * mirror[j]!;
  }
}

/** (I - 2 v vᵀ) Z. */
function reflectRows(rows: Rows, mirror: Float64Array, first: number): void {
  const sums = new Float64Array(mirror.length);
  for (let i = first; i < rows.length; i++) {
    const [row, v] = [rows[i]!, mirror[i]!];
    for (let j = 0; j < row.length; j++) sums[j] = sums[j]! + v * row[j]!;
  }
  for (let i = first; i < rows.length; i++) {
    const [row, v] = [rows[i]!, 2 * mirror[i]!];
    for (let j = 0; j < row.length; j++) row[j] = row[j]! - v * sums[j]!;
  }
}

/** Three for each eigenvalue are usual. */
const mostSteps = 60;

/** Takes one eigenvalue after the other off the end, when what is beside it is rounding. */
function diagonalize(tridiagonal: Tridiagonal, vectors: Rows): void {
  const { diagonal, beside } = tridiagonal;
  const isZero = (i: number): boolean =>
    Math.abs(beside[i]!) <= Number.EPSILON * (Math.abs(diagonal[i]!) + Math.abs(diagonal[i + 1]!));
  let steps = 0;
  for (let last = diagonal.length - 1; last > 0;) {
    if (isZero(last - 1)) {
      last--;
      steps = 0;
      continue;
    }
    let first = last - 1;
    while (first > 0 && !isZero(first - 1)) first--;
    invariant(steps++ < mostSteps, "eigenvectors: the rotations do not come to an end");
    stepWithin(tridiagonal, vectors, first, last);
  }
}

/** A step of QR with Wilkinson's shift: the first rotation puts an element beyond, the others chase it off the end. */
function stepWithin({ diagonal, beside }: Tridiagonal, vectors: Rows, first: number, last: number): void {
  const half = (diagonal[last - 1]! - diagonal[last]!) / 2;
  const end = beside[last - 1]!;
  const shift = diagonal[last]! - end ** 2 / (half + (half < 0 ? -1 : 1) * Math.hypot(half, end));
  let kept = diagonal[first]! - shift;
  let chased = beside[first]!;
  for (let k = first; k < last; k++) {
    const length = Math.hypot(kept, chased);
    const [c, s] = length === 0 ? [1, 0] : [kept / length, -chased / length];
    if (k > first) beside[k - 1] = length;
    const [a, b, d] = [diagonal[k]!, beside[k]!, diagonal[k + 1]!];
    diagonal[k] = c * c * a - 2 * c * s * b + s * s * d;
    diagonal[k + 1] = s * s * a + 2 * c * s * b + c * c * d;
    beside[k] = c * s * (a - d) + (c * c - s * s) * b;
    rotateRows(vectors[k]!, vectors[k + 1]!, c, s);
    if (k + 1 === last) break;
    kept = beside[k]!;
    chased = -s * beside[k + 1]!;
    beside[k + 1] = c * beside[k + 1]!;
  }
}

function rotateRows(first: Float64Array, second: Float64Array, c: number, s: number): void {
  for (let j = 0; j < first.length; j++) {
    const [a, b] = [first[j]!, second[j]!];
    first[j] = c * a - s * b;
    second[j] = s * a + c * b;
  }
}
