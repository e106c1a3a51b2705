export { activations, silu } from "./activations.ts";
export { attend, attention } from "./attention.ts";
export type { ModuleContext } from "./context.ts";
export { batchNorm, conv2d, dense, groupNorm, linear, storedBatchNorm } from "./layers.ts";
export { meansOfRuns, pixelShuffle, pixelUnshuffle, repeatedChannels } from "./channel-runs.ts";
export { byColumns, joinColumns, joinTiles } from "./join-tiles.ts";
export { linearAttend } from "./linear-attention.ts";
export { matrixTensor } from "./matrix-constant.ts";
export { pixelNorm, rmsNorm } from "./rms-norm.ts";
export { spatialNorm } from "./spatial-norm.ts";
export { foldedUpsampleConv2d, upsampleConv2d } from "./upsampling.ts";
export {
  kronecker,
  pairMatrices,
  winogradMatrices,
  type Matrix,
  type WinogradMatrices,
} from "./winograd-matrices.ts";
export { winogradWeightGradient } from "./winograd.ts";
