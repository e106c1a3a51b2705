/**
 * What convolutions cost on this machine, and the plans that follow from it. In Node alone.
 *
 * @example
 * ```ts
 * import { AutoencoderKL } from "vaekit";
 * import { describePlans, measureCosts } from "vaekit/tune";
 *
 * const vae = await AutoencoderKL.default();
 * await measureCosts(); // ten seconds, once on each machine; without it the planner takes default prices
 * const { whole, exact, chosen } = await describePlans(vae, { half: "decoder", width: 1024, height: 1024 });
 * console.log(`as a whole: ${whole.seconds.toFixed(1)} s, ${(whole.peakBytes / 1e9).toFixed(1)} GB`);
 * if (exact !== null) console.log(`in strips: ${exact.seconds.toFixed(1)} s, ${(exact.peakBytes / 1e9).toFixed(1)} GB`);
 * console.log(chosen.tiling === "off" ? "would go as a whole" : `would go in ${chosen.stripCount} strips`);
 * await vae.dispose();
 * ```
 *
 * @module vaekit/tune
 */
import "../supported-node.ts";
export type {
  Algorithm,
  AlgorithmCost,
  ConvolutionShape,
  CostProfile,
  Provider,
  SidedTile,
  TileSize,
} from "../../cost/index.ts";
export type { ProfileKey } from "../../cost/node/index.ts";
export type { Measurement, Plan, PlanLayer } from "../../plan/index.ts";
export { describePlans, type PlannedWork, type PlanReport } from "./describe-plans.ts";
export {
  measureCosts,
  type ConvolutionCosts,
  type MeasureCostsOptions,
  type MeasuredCosts,
} from "./measure-costs.ts";
