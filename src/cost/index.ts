export { withBlocks } from "./blocks.ts";
export {
  chooseTile,
  estimateConvolution,
  planConvolution,
  planShape,
  type ChooseOptions,
  type ChooseTile,
  type ConvolutionPlan,
} from "./choose.ts";
export {
  costParts,
  providers,
  secondsOf,
  toSeconds,
  workOf,
  type Algorithm,
  type AlgorithmCost,
  type ConvolutionShape,
  type CostProfile,
  type Provider,
  type TileSize,
} from "./cost-profile.ts";
export { defaultProfile, isMeasuredProvider } from "./cost-table.ts";
export { estimateNode, secondsOfGraph, type NodeEstimate } from "./estimate.ts";
export { hasFewOutputs, isProduct, isWinogradable } from "./forms.ts";
export { isWinogradFaster, isWinogradGradientFaster } from "./training.ts";
