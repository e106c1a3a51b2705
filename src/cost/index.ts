export { withBlocks } from "./blocks.ts";
export {
  chooseForm,
  chooseTile,
  estimateConvolution,
  planConvolution,
  planShape,
  type ChooseForm,
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
  workOfTiles,
  type Algorithm,
  type AlgorithmCost,
  type ConvolutionShape,
  type CostProfile,
  type Provider,
  type SidedTile,
  type TileSize,
} from "./cost-profile.ts";
export { defaultProfile, isMeasuredProvider } from "./cost-table.ts";
export { estimateNode, secondsOfGraph, type NodeEstimate } from "./estimate.ts";
export { isFasterInTiles, pairTiles, type UpsampledShape } from "./upsampling.ts";
export { hasFewOutputs, isProduct, isWinogradable } from "./forms.ts";
export { isWinogradFaster, isWinogradGradientFaster } from "./training.ts";
