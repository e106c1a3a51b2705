export {
  chooseTile,
  estimateConvolution,
  planConvolution,
  planShape,
  type ChooseOptions,
  type ConvolutionPlan,
} from "./choose.ts";
export {
  providerOf,
  providers,
  type Algorithm,
  type AlgorithmCost,
  type ConvolutionShape,
  type CostProfile,
  type Provider,
} from "./cost-profile.ts";
export {
  measureProfile,
  probeShapes,
  type Measurement,
  type MeasuredProfile,
  type MeasureOptions,
} from "./measure.ts";
export { defaultProfile, isMeasuredProvider } from "./cost-table.ts";
export { describePlan } from "./describe.ts";
export type { Plan, PlanLayer } from "./plan.ts";
export { layersOfWeights } from "./layer-names.ts";
export { estimateNode, secondsOfGraph, type NodeEstimate } from "./estimate.ts";
export { isProcessor, rewrittenFor } from "./rewritten.ts";
export { secondsOfProgram } from "./strip-plan.ts";
