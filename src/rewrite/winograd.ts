/**
 * Winograd's convolution: F(m x m, 3 x 3) computes a tile of m x m outputs with (m + 2)² multiplications for each pair
 * of channels where the direct convolution has 9 m². Exact in exact arithmetic.
 *
 * @see Lavin and Gray 2015, Fast Algorithms for Convolutional Neural Networks
 */
import { isWinogradable, type ChooseForm, type TileSize } from "../cost/index.ts";
import type { Value } from "../graph/index.ts";
import { winogradMatrices } from "../nn/index.ts";
import type { BilinearAlgorithm } from "./bilinear-algorithm.ts";
import { bilinearConv2d } from "./bilinear-conv2d.ts";
import type { RewriteRule } from "./rewriter.ts";
import { winogradBySides } from "./winograd-by-sides.ts";

/** Replaces convolutions of 3x3 and stride 1 where `choose` names a tile. */
export const winograd =
  (choose: ChooseForm): RewriteRule =>
  (node, { builder, at }) => {
    if (!isWinogradable(node)) return undefined;
    const tile = choose(node);
    if (tile === undefined) return undefined;
    const [x, weight, bias] = node.inputs.map(at) as [Value, Value, Value | undefined];
    const [top, left] = node.attributes.pads;
    const convolution = { x, weight, bias, top, left, size: node.output.shape };
    return typeof tile === "number"
      ? bilinearConv2d(builder, { ...convolution, algorithm: winogradAlgorithm(tile) })
      : winogradBySides(builder, tile, convolution);
  };

export const winogradAlgorithm = (tile: TileSize): BilinearAlgorithm => ({
  name: `winograd_${tile}`,
  form: { kind: "winograd", tile },
  matrices: winogradMatrices(tile),
  stride: tile,
  blockSize: tile,
});
