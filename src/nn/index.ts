export { activations, silu } from "./activations.ts";
export { attention } from "./attention.ts";
export type { ModuleContext } from "./context.ts";
export { batchNorm, conv2d, dense, groupNorm, linear } from "./layers.ts";
export { byColumns, joinTiles } from "./join-tiles.ts";
export { matrixTensor } from "./matrix-constant.ts";
export { foldedUpsampleConv2d, upsampleConv2d } from "./upsampling.ts";
export { kronecker, winogradMatrices, type WinogradMatrices } from "./winograd-matrices.ts";
export { winogradWeightGradient } from "./winograd.ts";
