/** The 16-bit float formats, as bits: IEEE 754 binary16 and bfloat16 (the upper half of a float32). */

const bits = new Uint32Array(1);
const value = new Float32Array(bits.buffer);

/** The float32 that a binary16's bits stand for. */
export function float16ToFloat32(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The bits of the binary16 nearest to `x` (ties to even; beyond 65504 ± half a step: infinity). */
export function float32ToFloat16(x: number): number {
  value[0] = x;
  const word = bits[0]!;
  const sign = (word >>> 16) & 0x8000;
  const magnitude = word & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00; // NaN
  if (magnitude >= 0x47800000) return sign | 0x7c00; // 65536 and beyond
  if (magnitude < 0x38800000) {
    // Subnormal: the value in units of 2^-24, rounded by the float adder itself.
    value[0] = Math.abs(value[0]) + 0.5;
    return sign | (bits[0]! - 0x3f000000);
  }
  const roundToEven = 0xfff + ((magnitude >>> 13) & 1);
  return sign | ((magnitude - 0x38000000 + roundToEven) >>> 13);
}

/** The float32 that a bfloat16's bits stand for. */
export function bfloat16ToFloat32(half: number): number {
  bits[0] = half << 16;
  return value[0]!;
}

/** The bits of the bfloat16 nearest to `x` (ties to even). */
export function float32ToBfloat16(x: number): number {
  value[0] = x;
  const word = bits[0]!;
  if ((word & 0x7fffffff) > 0x7f800000) return (word >>> 16) | 0x40; // keep NaN a NaN
  return (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
}

/** Decodes a whole array of 16-bit floats. */
export function halvesToFloat32(
  halves: Uint16Array,
  dtype: "float16" | "bfloat16",
): Float32Array<ArrayBuffer> {
  const convert = dtype === "float16" ? float16ToFloat32 : bfloat16ToFloat32;
  const out = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) out[i] = convert(halves[i]!);
  return out;
}

/** Encodes a whole array as 16-bit floats, rounding each to nearest even. */
export function float32ToHalves(
  floats: Float32Array,
  dtype: "float16" | "bfloat16",
): Uint16Array<ArrayBuffer> {
  const convert = dtype === "float16" ? float32ToFloat16 : float32ToBfloat16;
  const out = new Uint16Array(floats.length);
  for (let i = 0; i < floats.length; i++) out[i] = convert(floats[i]!);
  return out;
}
