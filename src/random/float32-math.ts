/**
 * Single-precision arithmetic that gives the same bits on every engine: it uses only +, -, *, Math.sqrt and
 * Math.fround. ln, sin and cos are the polynomials of Moshier's Cephes library (logf.c, sinf.c) with fused
 * multiply-adds, as PyTorch's AVX2 kernels evaluate them.
 */
const round = Math.fround;

/**
 * a*b + c rounded once to float32, for finite float32 arguments.
 *
 * The product of two float32 is exact in double, so only the sum can round twice: when its double lands
 * exactly between two neighbours, the part that the double lost decides.
 */
export function fusedMultiplyAdd(a: number, b: number, c: number): number {
  const product = a * b;
  const sum = product + c;
  const nearest = round(sum);
  if (nearest === sum) return nearest;
  const offset = sum - nearest;
  const mirrored = sum + offset;
  if (round(mirrored) !== mirrored) return nearest;
  const back = sum - product;
  const lost = product - (sum - back) + (c - back);
  if (lost === 0) return nearest;
  return lost > 0 === offset > 0 ? mirrored : nearest;
}

const floatView = new Float32Array(1);
const wordView = new Uint32Array(floatView.buffer);

const sqrtHalf = round(Math.SQRT1_2);
const ln2High = round(0.693359375);
const ln2Low = round(-2.1219444e-4);
const ln0 = round(7.0376836292e-2);
const ln1 = round(-1.151461031e-1);
const ln2 = round(1.167699874e-1);
const ln3 = round(-1.2420140846e-1);
const ln4 = round(1.4249322787e-1);
const ln5 = round(-1.6668057665e-1);
const ln6 = round(2.0000714765e-1);
const ln7 = round(-2.4999993993e-1);
const ln8 = round(3.3333331174e-1);

/** The natural logarithm of a positive, normal float32. */
export function lnFloat32(value: number): number {
  floatView[0] = value;
  const word = wordView[0]!;
  let exponent = (word >>> 23) - 126;
  wordView[0] = (word & 0x7fffff) | 0x3f000000;
  const mantissa = floatView[0];
  let x = round(mantissa - 1);
  if (mantissa < sqrtHalf) {
    exponent -= 1;
    x = round(x + mantissa);
  }
  const z = round(x * x);
  let y = fusedMultiplyAdd(ln0, x, ln1);
  y = fusedMultiplyAdd(y, x, ln2);
  y = fusedMultiplyAdd(y, x, ln3);
  y = fusedMultiplyAdd(y, x, ln4);
  y = fusedMultiplyAdd(y, x, ln5);
  y = fusedMultiplyAdd(y, x, ln6);
  y = fusedMultiplyAdd(y, x, ln7);
  y = fusedMultiplyAdd(y, x, ln8);
  y = round(y * x);
  y = fusedMultiplyAdd(y, z, round(exponent * ln2Low));
  y = fusedMultiplyAdd(-z, 0.5, y);
  x = round(x + y);
  return fusedMultiplyAdd(exponent, ln2High, x);
}

const fourOverPi = round(1.27323954473516);
const quarterPi0 = round(-0.78515625);
const quarterPi1 = round(-2.418756484985352e-4);
const quarterPi2 = round(-3.774894977445941e-8);
const cos0 = round(2.443315711809948e-5);
const cos1 = round(-1.388731625493765e-3);
const cos2 = round(4.166664568298827e-2);
const sin0 = round(-1.9515295891e-4);
const sin1 = round(8.3321608736e-3);
const sin2 = round(-1.6666654611e-1);

/** Writes sin(angle) to `out[0]` and cos(angle) to `out[1]`; `angle` is a float32 in [0, 8192]. */
export function sincosFloat32(angle: number, out: Float32Array): void {
  const octant = (Math.trunc(round(angle * fourOverPi)) + 1) & ~1;
  let x = fusedMultiplyAdd(octant, quarterPi0, angle);
  x = fusedMultiplyAdd(octant, quarterPi1, x);
  x = fusedMultiplyAdd(octant, quarterPi2, x);
  const z = round(x * x);
  let c = fusedMultiplyAdd(fusedMultiplyAdd(cos0, z, cos1), z, cos2);
  c = round(c * z);
  c = round(fusedMultiplyAdd(c, z, -round(z * 0.5)) + 1);
  let s = fusedMultiplyAdd(fusedMultiplyAdd(sin0, z, sin1), z, sin2);
  s = fusedMultiplyAdd(round(s * z), x, x);
  const swapped = (octant & 2) !== 0;
  const sine = swapped ? c : s;
  const cosine = swapped ? s : c;
  out[0] = (octant & 4) !== 0 ? -sine : sine;
  out[1] = (~(octant - 2) & 4) !== 0 ? -cosine : cosine;
}

/** The float32 nearest to 2π. */
export const twoPiFloat32 = round(2 * Math.PI);

const pair = new Float32Array(2);

/**
 * The Box-Muller transform in float32: writes two normal numbers to out[first] and out[second].
 *
 * @param radiusUniform a float32 in (0, 1].
 * @param angleUniform a float32 in [0, 1).
 */
export function boxMullerFloat32(
  radiusUniform: number,
  angleUniform: number,
  mean: number,
  std: number,
  out: Float32Array,
  first: number,
  second: number,
): void {
  const radius = round(Math.sqrt(-2 * lnFloat32(radiusUniform)));
  sincosFloat32(round(twoPiFloat32 * angleUniform), pair);
  out[first] = fusedMultiplyAdd(round(radius * pair[1]!), std, mean);
  out[second] = fusedMultiplyAdd(round(radius * pair[0]!), std, mean);
}
