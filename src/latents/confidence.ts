/** 95 % confidence intervals from the spread between independent units. */

/** The 97.5 % points of Student's t for 1 to 10 degrees of freedom. */
const smallQuantiles = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228];

/** An estimate and the range that holds the true value with 95 % confidence. */
export interface Estimate {
  /** The estimate itself, from all pictures together. */
  readonly value: number;
  /** Null where fewer than two pictures say nothing about the spread between pictures. */
  readonly interval: readonly [low: number, high: number] | null;
}

/** The 97.5 % point of Student's t, within half a thousandth. */
export function studentQuantile(degreesOfFreedom: number): number {
  const small = smallQuantiles[degreesOfFreedom - 1];
  if (small !== undefined) return small;
  // The first terms of the Cornish-Fisher expansion around the normal's 97.5 % point.
  const z = 1.959964;
  const first = (z ** 3 + z) / 4;
  const second = (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96;
  const third = (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384;
  return z + first / degreesOfFreedom + second / degreesOfFreedom ** 2 + third / degreesOfFreedom ** 3;
}

/**
 * The interval of a statistic by the delta method.
 *
 * @param influences for each unit, how far it moves the statistic, times the number of units; their sum is 0.
 */
export function estimateFrom(value: number, influences: readonly number[]): Estimate {
  const units = influences.length;
  if (units < 2) return { value, interval: null };
  const variance = influences.reduce((sum, each) => sum + each * each, 0) / (units - 1);
  const margin = studentQuantile(units - 1) * Math.sqrt(variance / units);
  return { value, interval: [value - margin, value + margin] };
}
