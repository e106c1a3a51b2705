/** The two fits of a linear autoencoder: principal components for the encoder, least squares for the decoder. */
import { CholeskyDecomposition, EigenvalueDecomposition, Matrix } from "ml-matrix";
import { invariant } from "../../../errors.ts";
import type { BaseGenerator } from "../../../random/base-generator.ts";
import type { FeatureMaps, FilterRow } from "./feature-maps.ts";

/** Positions that a fit looks at: far more than it has unknowns, and few enough to take about a second. */
const positionsPerUnknown = 30;
const minPositions = 4000;

/** What keeps directions that the pictures do not have from exploding, relative to the mean square. */
const ridge = 1e-4;

/** The channels' second moments (not centred) over randomly chosen positions, as a symmetric matrix. */
class Moments {
  readonly size: number;
  readonly sums: Float64Array;

  constructor(size: number) {
    this.size = size;
    this.sums = new Float64Array(size * size);
  }

  /** Adds row · rowᵀ; only the upper triangle is kept. */
  add(row: Float64Array): void {
    const { size, sums } = this;
    for (let i = 0; i < size; i++) {
      const value = row[i]!;
      if (value === 0) continue;
      const start = i * size;
      for (let j = i; j < size; j++) sums[start + j] = sums[start + j]! + value * row[j]!;
    }
  }

  at(i: number, j: number): number {
    return this.sums[Math.min(i, j) * this.size + Math.max(i, j)]!;
  }

  /** The square matrix of rows and columns 0 to `count` - 1. */
  matrix(count = this.size): Matrix {
    const matrix = new Matrix(count, count);
    for (let i = 0; i < count; i++) for (let j = 0; j < count; j++) matrix.set(i, j, this.at(i, j));
    return matrix;
  }
}

/** Calls `visit` with positions of a batch: all of them, or enough drawn at random. */
function eachPosition(
  { count, height, width }: Pick<FeatureMaps, "count" | "height" | "width">,
  unknowns: number,
  generator: BaseGenerator,
  visit: (picture: number, y: number, x: number) => void,
): void {
  const total = count * height * width;
  const wanted = Math.max(minPositions, positionsPerUnknown * unknowns);
  const drawn = total > wanted ? generator.rand([wanted], "float64").data : undefined;
  for (let i = 0; i < Math.min(total, wanted); i++) {
    const position = drawn === undefined ? i : Math.floor(drawn[i]! * total);
    const inPicture = position % (height * width);
    visit(Math.floor(position / (height * width)), Math.floor(inPicture / width), inPicture % width);
  }
}

/** The `count` leading orthonormal directions of the maps' channels, strongest first, not centred. */
export function principalDirections(
  maps: FeatureMaps,
  count: number,
  generator: BaseGenerator,
): Float64Array[] {
  const { channels, height, width, data } = maps;
  invariant(count <= channels, `principalDirections: ${count} of ${channels}`);
  const moments = new Moments(channels);
  const row = new Float64Array(channels);
  eachPosition(maps, channels, generator, (picture, y, x) => {
    for (let c = 0; c < channels; c++) row[c] = data[((picture * channels + c) * height + y) * width + x]!;
    moments.add(row);
  });
  // Eigenvalues come in ascending order.
  const vectors = new EigenvalueDecomposition(moments.matrix(), { assumeSymmetric: true }).eigenvectorMatrix;
  return Array.from({ length: count }, (_, k) => Float64Array.from(vectors.getColumn(channels - 1 - k)));
}

/**
 * The 3 x 3 convolution that comes nearest to making `targets` out of `bordered` (the same maps with a border of
 * zeros around them), by mean squared error.
 */
export function fitFilter(
  bordered: FeatureMaps,
  targets: FeatureMaps,
  generator: BaseGenerator,
): FilterRow[] {
  const { channels, height, width, data } = bordered;
  const unknowns = channels * 9 + 1;
  const moments = new Moments(unknowns);
  const products = Array.from({ length: targets.channels }, () => new Float64Array(unknowns));
  const row = new Float64Array(unknowns).fill(1);
  eachPosition(targets, unknowns, generator, (picture, y, x) => {
    for (let tap = 0; tap < unknowns - 1; tap++) {
      const channel = picture * channels + Math.floor(tap / 9);
      const [dy, dx] = [Math.floor((tap % 9) / 3), tap % 3];
      row[tap] = data[(channel * height + y + dy) * width + x + dx]!;
    }
    moments.add(row);
    products.forEach((sums, k) => {
      const plane = (picture * targets.channels + k) * targets.height;
      const target = targets.data[(plane + y) * targets.width + x]!;
      for (let i = 0; i < unknowns; i++) sums[i] = sums[i]! + target * row[i]!;
    });
  });
  const matrix = moments.matrix();
  const strength = ridge * (matrix.trace() / unknowns);
  for (let i = 0; i < unknowns; i++) matrix.set(i, i, matrix.get(i, i) + strength);
  const right = new Matrix(unknowns, products.length);
  products.forEach((sums, k) => right.setColumn(k, Array.from(sums)));
  const solution = new CholeskyDecomposition(matrix).solve(right);
  return products.map((_, k) => {
    const column = solution.getColumn(k);
    return { weights: column.slice(0, -1), bias: column[unknowns - 1]! };
  });
}
