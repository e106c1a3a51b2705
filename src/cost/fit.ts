/** From measured times to prices: a robust fit of the relative errors, without negative prices. */
import { leastSquares } from "../algebra/index.ts";
import { costParts, secondsOf, type AlgorithmCost, type Work } from "./cost-profile.ts";

export interface Measured {
  readonly work: Work;
  readonly seconds: number;
}

const picosecondsPerSecond = 1e12;

/** How often the weights of the errors are found anew. */
const iterations = 8;
/** Relative errors below this count by their square, above by their size: a disturbed measurement hardly counts. */
const tolerated = 0.05;

/**
 * The prices that explain the times best. Parts whose price would be negative cost nothing.
 *
 * @param measured at least as many as there are parts.
 */
export function fitCost(measured: readonly Measured[]): AlgorithmCost {
  let weights = measured.map(() => 1);
  let cost = fitWeighted(measured, weights);
  for (let iteration = 0; iteration < iterations; iteration++) {
    weights = measured.map((one) => tolerated / Math.max(tolerated, Math.abs(relativeError(one, cost))));
    cost = fitWeighted(measured, weights);
  }
  return cost;
}

/** Tries every set of parts that may cost something: for five parts that is sooner done than anything cleverer. */
function fitWeighted(measured: readonly Measured[], weights: readonly number[]): AlgorithmCost {
  let best: { cost: AlgorithmCost; error: number } | undefined;
  for (let set = 1; set < 2 ** costParts.length; set++) {
    const parts = costParts.filter((_, index) => (set >> index) & 1);
    const cost = solveFor(parts, measured, weights);
    if (cost === undefined) continue;
    const error = measured.reduce((sum, one, i) => sum + weights[i]! * relativeError(one, cost) ** 2, 0);
    if (best === undefined || error < best.error) best = { cost, error };
  }
  return best!.cost;
}

/** Prices for some parts, the others free; undefined when one would be negative. */
function solveFor(
  parts: readonly (keyof AlgorithmCost)[],
  measured: readonly Measured[],
  weights: readonly number[],
): AlgorithmCost | undefined {
  const roots = Float64Array.from(weights, Math.sqrt);
  // Each row divided by its time: every shape counts alike, however long it takes.
  const columns = parts.map((part) =>
    Float64Array.from(measured, ({ work, seconds }, i) => (roots[i]! * work[part]) / seconds),
  );
  const prices = leastSquares(columns, roots);
  if (prices?.every((price) => price >= 0 && Number.isFinite(price)) !== true) return undefined;
  const free: AlgorithmCost = { flop: 0, input: 0, output: 0, weight: 0, far: 0 };
  return Object.assign(
    free,
    Object.fromEntries(parts.map((part, i) => [part, prices[i]! * picosecondsPerSecond])),
  );
}

function relativeError({ work, seconds }: Measured, cost: AlgorithmCost): number {
  return secondsOf(work, cost) / seconds - 1;
}
