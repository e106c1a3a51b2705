/** The two fits of a linear autoencoder: principal components for the encoder, least squares for the decoder. */
import { eigenvectors, solvePositive, SymmetricMatrix } from "../../../algebra/index.ts";
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

  get trace(): number {
    return Array.from({ length: this.size }, (_, i) => this.sums[i * (this.size + 1)]!).reduce(
      (a, b) => a + b,
    );
  }

  /** @param added to the diagonal. */
  matrix(added = 0): SymmetricMatrix {
    const { size, sums } = this;
    return new SymmetricMatrix(size, (i, j) => sums[i * size + j]! + (i === j ? added : 0));
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
  return eigenvectors(moments.matrix())
    .slice(0, count)
    .map(({ vector }) => vector);
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
  const strength = (ridge * moments.trace) / unknowns;
  return solvePositive(moments.matrix(strength), products).map((solution) => ({
    weights: Array.from(solution.subarray(0, -1)),
    bias: solution[unknowns - 1]!,
  }));
}
