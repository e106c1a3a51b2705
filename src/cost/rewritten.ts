/** The graph of a half as it runs at once. */
import type { Graph } from "../graph/index.ts";
import { foldedUpsampling, rewrite, stagedGroupNorm, winograd } from "../rewrite/index.ts";
import { chooseTile } from "./choose.ts";
import type { CostProfile } from "./cost-profile.ts";

/** The same function with fewer multiplications where that is faster, and with statistics that are right at any size. */
export function rewrittenFor(graph: Graph, profile: CostProfile): Graph {
  const fewer = rewrite(rewrite(graph, foldedUpsampling), winograd(chooseTile(profile)));
  // Graphics providers have rules of their own: runtime/graph-for-device.ts.
  return isProcessor(profile) ? rewrite(fewer, stagedGroupNorm) : fewer;
}

/** Whether a provider computes on the processor, natively or in WebAssembly. */
export const isProcessor = ({ provider }: CostProfile): boolean => provider === "cpu" || provider === "wasm";
