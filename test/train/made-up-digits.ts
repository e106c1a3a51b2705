/** Rings and bars in MNIST's format, as tools/reference/mnist_trajectory.py draws them: MNIST is not in the repository. */

const side = 28;

/** Bytes of `count` pictures of 28 x 28, from whole numbers only: a ring, a bar, or both. */
export function madeUpDigits(count: number, seed: number): Uint8Array {
  const below = numbersBelow(seed);
  const pixels = new Uint8Array(count * side * side);
  for (let picture = 0; picture < count; picture++) {
    const kind = below(3);
    const ring = { x: 9 + below(10), y: 9 + below(10), radius: 3 + below(6) };
    const bar = { x: 8 + below(12), y: 4 + below(6), slope: below(7) - 3 };
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        const distance = (x - ring.x) ** 2 + (y - ring.y) ** 2;
        const ringValue = kind === 1 ? 0 : 255 - 12 * Math.abs(distance - ring.radius ** 2);
        const isInside = kind !== 0 && y >= bar.y && y < bar.y + 16;
        const barValue = isInside ? 255 - 16 * Math.abs(8 * (x - bar.x) + bar.slope * (y - 14)) : 0;
        pixels[(picture * side + y) * side + x] = Math.max(0, ringValue, barValue);
      }
    }
  }
  return pixels;
}

/** Whole numbers from a linear congruential generator. */
function numbersBelow(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return ((state >>> 16) * limit) >>> 16;
  };
}

/** A file of pictures as MNIST has them: magic number, count, height, width, pixels. */
export function idxFile(pixels: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(16 + pixels.length);
  const view = new DataView(bytes.buffer);
  [0x803, pixels.length / side ** 2, side, side].forEach((word, i) => {
    view.setUint32(4 * i, word);
  });
  bytes.set(pixels, 16);
  return bytes;
}
