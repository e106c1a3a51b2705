/** MNIST's own files, as the visitor has them: idx, or idx in gzip. */
import { pixelCount, side, type Digits } from "./digits.ts";

interface Idx {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/**
 * The digits in files of images [N, 28, 28] and of labels [N], which belong together by N. Without labels every digit counts as 0.
 *
 * @throws Error where no file has images of 28x28 pixels.
 */
export async function digitsOf(files: Iterable<Blob>): Promise<Digits> {
  const found: Idx[] = [];
  for (const file of files) found.push(await idxOf(file));
  const images = found
    .filter(({ shape }) => shape.length === 3 && shape[1] === side && shape[2] === side)
    .sort((a, b) => b.data.length - a.data.length)[0];
  if (images === undefined)
    throw new Error("Expected MNIST's images of 28 × 28 pixels (train-images-idx3-ubyte), found none.");
  const count = images.data.length / pixelCount;
  const labels = found.find(({ shape }) => shape.length === 1 && shape[0] === count);
  return {
    pixels: Float32Array.from(images.data, (value) => value / 255),
    labels: labels?.data ?? new Uint8Array(count),
  };
}

/** The last ones are kept apart, to be looked at only. */
export function parted({ pixels, labels }: Digits, testCount: number): { trained: Digits; test: Digits } {
  const kept = Math.max(1, labels.length - Math.min(testCount, Math.floor(labels.length / 10)));
  const from = kept < labels.length ? kept : 0;
  return {
    trained: { pixels: pixels.slice(0, kept * pixelCount), labels: labels.slice(0, kept) },
    test: { pixels: pixels.slice(from * pixelCount), labels: labels.slice(from) },
  };
}

/** Bytes: two zeros, 8 for unsigned bytes, the number of dimensions; each dimension in four bytes, the highest first; the values. */
async function idxOf(file: Blob): Promise<Idx> {
  const bytes = await unpacked(file);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const rank = bytes.length >= 4 && view.getUint32(0) >> 8 === 8 ? bytes[3]! : 0;
  const headLength = 4 + 4 * rank;
  if (rank === 0 || bytes.length < headLength)
    throw new Error("Expected a file of MNIST (idx or .gz), found another.");
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const data = bytes.subarray(headLength);
  if (data.length !== shape.reduce((a, b) => a * b, 1))
    throw new Error("This file of MNIST is cut off: it has fewer values than it says. Download it again.");
  return { shape, data };
}

async function unpacked(file: Blob): Promise<Uint8Array> {
  const start = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  const isPacked = start[0] === 0x1f && start[1] === 0x8b;
  const stream = isPacked ? file.stream().pipeThrough(new DecompressionStream("gzip")) : file.stream();
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
