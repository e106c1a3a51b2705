/**
 * Which convolutions of a training step, and which gradients of their weights, take Winograd's form: tiles of 4x4, whose kernels are
 * transformed in every step. Measured on the processor, where training runs.
 */
import type { Value } from "../graph/index.ts";

/** Outputs along one side of a tile. */
const tile = 4;
/** With fewer channels, the transformations of the tiles cost more than the products save. */
const minChannels = 128;
/** The gradient of the weights has no output pictures to transform. */
const minChannelsOfGradient = 64;
/** Of a picture: with fewer, the products have too few columns. */
const minTiles = 16;

type Picture = readonly [batch: number, channels: number, height: number, width: number];

/** Whether the convolution of x with 3x3 kernels, stride 1 and a border of 1 is faster in this form. */
export function isWinogradFaster(x: Value, outChannels: number): boolean {
  const tiles = (x.shape[2]! * x.shape[3]!) / tile ** 2;
  return isTiled(x, outChannels, minChannels) && tiles >= minTiles;
}

/** Whether the gradient of such a convolution's weights is. */
export const isWinogradGradientFaster = (x: Value, outChannels: number): boolean =>
  isTiled(x, outChannels, minChannelsOfGradient);

function isTiled({ dtype, shape }: Value, outChannels: number, least: number): boolean {
  const [, channels, height, width] = shape as Picture;
  const isDivisible = height % tile === 0 && width % tile === 0;
  return dtype === "float32" && isDivisible && Math.min(channels, outChannels) >= least;
}
