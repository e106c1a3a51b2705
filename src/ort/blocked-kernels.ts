/**
 * The order of a convolution's kernels in ONNX Runtime's blocked layout: [Cout / b, Cin / b, kH, kW, b, b], the input channels
 * of a block before its output channels.
 *
 * Its own operator `ReorderInput` brings b channels together, which gives rows of b output channels; Gather puts the rows
 * in their places. Both are several times as fast as a transposition.
 */
import { Tensor } from "../tensor/tensor.ts";

/** A shape, [Cout, Cin, kH, kW]. */
export type Kernel = readonly [outChannels: number, inChannels: number, height: number, width: number];

/** Where each row lies in kernels reordered as [1, Cout, Cin, kH · kW]: there they are [Cout / b, Cin, taps, b]. */
export function rowsOfKernel(kernel: Kernel, blockSize: number): number[] {
  const [, inChannels, height, width] = kernel;
  const taps = height * width;
  return inOrder(kernel, blockSize, (block, channel, tap) => (block * inChannels + channel) * taps + tap);
}

/**
 * Where each row of kernels turned by 180 degrees lies in those that they turn, reordered: [Cin, Cout, kH, kW] in the
 * turned ones' terms are [Cin, Cout / b, taps, b] there.
 */
export function rowsOfTurnedKernel(kernel: Kernel, blockSize: number): number[] {
  const [outChannels, , height, width] = kernel;
  const [taps, blocks] = [height * width, outChannels / blockSize];
  return inOrder(
    kernel,
    blockSize,
    (block, channel, tap) => (channel * blocks + block) * taps + (taps - 1 - tap),
  );
}

/** All rows of b output channels, in the order in which they stand in blocks. */
function inOrder(
  [outChannels, inChannels, height, width]: Kernel,
  blockSize: number,
  rowOf: (outBlock: number, inChannel: number, tap: number) => number,
): number[] {
  const rows: number[] = [];
  for (let outBlock = 0; outBlock < outChannels / blockSize; outBlock++) {
    for (let first = 0; first < inChannels; first += blockSize) {
      for (let tap = 0; tap < height * width; tap++) {
        for (let lane = 0; lane < blockSize; lane++) rows.push(rowOf(outBlock, first + lane, tap));
      }
    }
  }
  return rows;
}

/** Kernels of a single channel, [Cout, 1, kH, kW], as [Cout / b, kH, kW, b]; channels that fill the last block are zero. */
export function singleChannelKernel({ data, shape }: Tensor, blockSize: number): Tensor {
  const [outChannels, , height, width] = shape as Kernel;
  const taps = height * width;
  const filled = Math.ceil(outChannels / blockSize) * blockSize;
  const values = new Float32Array(filled * taps);
  for (let channel = 0; channel < outChannels; channel++) {
    const start = Math.floor(channel / blockSize) * taps * blockSize + (channel % blockSize);
    for (let tap = 0; tap < taps; tap++) values[start + tap * blockSize] = Number(data[channel * taps + tap]);
  }
  return Tensor.from(values, [filled, 1, height, width]);
}
