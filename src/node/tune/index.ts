/** `vaekit/tune`, in Node alone: what convolutions cost on this machine, and the plans that follow from it. */
export type { Algorithm, AlgorithmCost, ConvolutionShape, CostProfile, Provider } from "../../cost/index.ts";
export type { ProfileKey } from "../../cost/node/index.ts";
export type { Measurement, Plan, PlanLayer } from "../../plan/index.ts";
export { describePlans, type PlannedWork, type PlanReport } from "./describe-plans.ts";
export {
  measureCosts,
  type ConvolutionCosts,
  type MeasureCostsOptions,
  type MeasuredCosts,
} from "./measure-costs.ts";
