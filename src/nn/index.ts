export { activations, silu } from "./activations.ts";
export { attention } from "./attention.ts";
export type { ModuleContext } from "./context.ts";
export {
  batchNorm,
  conv2d,
  dense,
  groupNorm,
  linear,
  parities,
  upsampleConv2d,
  upsamplingTapSums,
  type Parity,
} from "./layers.ts";
export { matrixConstant } from "./matrix-constant.ts";
export {
  kronecker,
  winogradMatrices,
  type Matrix,
  type TileSize,
  type WinogradMatrices,
} from "./winograd-matrices.ts";
export { isWinogradGradientFaster, winogradWeightGradient } from "./winograd.ts";
