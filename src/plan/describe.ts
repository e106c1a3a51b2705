/** What a plan is, layer by layer: the shapes, the algorithms, and about how long and how large. */
import type { CostProfile } from "../cost/index.ts";
import type { Graph } from "../graph/index.ts";
import type { StripProgram } from "../strips/index.ts";
import { graphPlan } from "./graph-plan.ts";
import type { Plan } from "./plan.ts";
import { stripPlan } from "./strip-plan.ts";

/** @param plan a graph as it will run (rewritten already), or a program of strips. */
export function describePlan(plan: Graph | StripProgram, profile: CostProfile): Plan {
  return "operations" in plan ? stripPlan(plan, profile) : graphPlan(plan, profile);
}
