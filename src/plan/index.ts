export type { CodingPlan, PlanOptions } from "./coding-plan.ts";
export { Decisions, type Decision, type DecisionsParts, type Resources } from "./decide.ts";
export { describePlan } from "./describe.ts";
export { providerOf } from "./device-traits.ts";
export {
  measureProfile,
  probeShapes,
  type MeasuredProfile,
  type MeasureOptions,
  type Measurement,
} from "./measure.ts";
export type { Plan, PlanLayer } from "./plan.ts";
export { rewrittenFor } from "./rewritten.ts";
