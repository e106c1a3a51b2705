/** Gradients too large for a fixture, compared by their sums under random signs (tools/reference/gradients.py). */

const directionCount = 8;

/** +1 or -1 from a bit of a mixed counter (murmur3's finaliser). */
function sign(direction: number, index: number): number {
  let bits = (Math.imul(index, directionCount) + direction) >>> 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  bits ^= bits >>> 16;
  return 1 - 2 * (bits & 1);
}

/** [norm, sums under the signs of each direction]. */
export function sketch(gradient: ArrayLike<number>): Float64Array {
  const sums = new Float64Array(1 + directionCount);
  for (let i = 0; i < gradient.length; i++) {
    const value = gradient[i]!;
    sums[0]! += value * value;
    for (let k = 0; k < directionCount; k++) sums[1 + k]! += sign(k, i) * value;
  }
  sums[0] = Math.sqrt(sums[0]!);
  return sums;
}

/**
 * The length of the difference of two gradients: a random sum's mean square is the squared length, so the mean of
 * eight is within a factor of two of it nearly always. NaN where either has one.
 */
export function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let squares = 0;
  for (let k = 1; k <= directionCount; k++) squares += (a[k]! - b[k]!) ** 2;
  return Math.max(Math.sqrt(squares / directionCount), Math.abs(a[0]! - b[0]!));
}
