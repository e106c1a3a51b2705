/** What a plan is, layer by layer: the shapes, the algorithms, and about how long and how large. */
import type { Graph } from "../graph/index.ts";
import type { StripProgram } from "../strips/index.ts";
import type { Shape } from "../tensor/shape.ts";
import type { CostProfile } from "./cost-profile.ts";
import { graphPlan } from "./graph-plan.ts";
import { stripPlan } from "./strip-plan.ts";

export interface PlanLayer {
  /** The weights' name without `.weight`, as in `decoder.up_blocks.0.resnets.1.conv1`. */
  readonly name: string;
  /** Of its result. */
  readonly shape: Shape;
  /** `direct 3x3`, `Winograd 4x4`, `attention`, … */
  readonly algorithm: string;
  /** In how many parts it is computed. */
  readonly strips: number;
  readonly seconds: number;
  /** All results that exist while the layer is computed, weights aside. */
  readonly memoryBytes: number;
}

export interface Plan {
  readonly layers: readonly PlanLayer[];
  readonly seconds: number;
  /** Of the process, everything counted. */
  readonly peakBytes: number;
  /** Of the temporary file. */
  readonly fileBytes: number;
}

/** @param plan a graph as it will run (rewritten already), or a program of strips. */
export function describePlan(plan: Graph | StripProgram, profile: CostProfile): Plan {
  return "operations" in plan ? stripPlan(plan, profile) : graphPlan(plan, profile);
}
