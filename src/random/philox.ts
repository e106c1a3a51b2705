/**
 * Philox4x32-10: a function from (key, counter) to four random words, by Salmon, Moraes, Dror and Shaw,
 * "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
 */

const multiplier0 = 0xd2511f53;
const multiplier1 = 0xcd9e8d57;
/** The golden ratio and the square root of 3 minus 1, as 0.32 fixed point: what the key grows by. */
const weyl0 = 0x9e3779b9;
const weyl1 = 0xbb67ae85;

/** The upper 32 bits of a 64-bit product; every intermediate stays below 2^53. */
function multiplyHigh(a: number, b: number): number {
  const low = (a * (b & 0xffff)) / 65536;
  return ((a * (b >>> 16) + Math.floor(low)) / 65536) >>> 0;
}

/** Writes the four words of one counter to `out`; every argument is a 32-bit word, lowest first. */
export function philoxBlock(
  out: Uint32Array,
  seedLow: number,
  seedHigh: number,
  blockLow: number,
  blockHigh: number,
  streamLow: number,
  streamHigh: number,
): void {
  let key0 = seedLow;
  let key1 = seedHigh;
  let c0 = blockLow;
  let c1 = blockHigh;
  let c2 = streamLow;
  let c3 = streamHigh;
  for (let i = 0; i < 10; i++) {
    const high0 = multiplyHigh(multiplier0, c0);
    const high1 = multiplyHigh(multiplier1, c2);
    const low0 = Math.imul(multiplier0, c0) >>> 0;
    const low1 = Math.imul(multiplier1, c2) >>> 0;
    c0 = (high1 ^ c1 ^ key0) >>> 0;
    c1 = low1;
    c2 = (high0 ^ c3 ^ key1) >>> 0;
    c3 = low0;
    key0 = (key0 + weyl0) >>> 0;
    key1 = (key1 + weyl1) >>> 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}
