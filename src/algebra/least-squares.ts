/** Least squares by orthogonal columns (Gram and Schmidt, each projection taken away twice). */

/** Of a column's length, what is rounding if it is left after the others have been taken away. */
const dependent = 1e-10;

/**
 * The factors x for which Σ xⱼ · columnsⱼ comes nearest to the target, by the sum of squares.
 *
 * @param columns of the target's length, fewer than that.
 * @returns undefined when a column follows from those before it, so that the factors are not determined.
 */
export function leastSquares(columns: readonly Float64Array[], target: Float64Array): number[] | undefined {
  const count = columns.length;
  const bases: Float64Array[] = [];
  // R of columns = Q R.
  const triangle = columns.map(() => new Float64Array(count));
  for (const [j, column] of columns.entries()) {
    const rest = column.slice();
    for (let pass = 0; pass < 2; pass++) {
      for (const [i, base] of bases.entries()) triangle[i]![j] = triangle[i]![j]! + takeAway(base, rest);
    }
    const length = Math.sqrt(product(rest, rest));
    if (!(length > dependent * Math.sqrt(product(column, column)))) return undefined;
    triangle[j]![j] = length;
    bases.push(rest.map((value) => value / length));
  }
  const rest = target.slice();
  const factors = bases.map((base) => takeAway(base, rest));
  for (let i = count - 1; i >= 0; i--) {
    for (let j = i + 1; j < count; j++) factors[i] = factors[i]! - triangle[i]![j]! * factors[j]!;
    factors[i] = factors[i]! / triangle[i]![i]!;
  }
  return factors;
}

const product = (a: Float64Array, b: Float64Array): number =>
  a.reduce((sum, value, i) => sum + value * b[i]!, 0);

/** Takes the part along a base of length 1 away, and gives its size. */
function takeAway(base: Float64Array, rest: Float64Array): number {
  const size = product(base, rest);
  for (let i = 0; i < rest.length; i++) rest[i] = rest[i]! - size * base[i]!;
  return size;
}
