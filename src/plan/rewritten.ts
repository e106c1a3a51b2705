/** The graph of a half as it runs as a whole. */
import { chooseTile, withBlocks, type CostProfile } from "../cost/index.ts";
import type { Graph } from "../graph/index.ts";
import { foldedUpsampling, rewrite, stagedGroupNorm, winograd } from "../rewrite/index.ts";
import { traitsOf } from "./device-traits.ts";

/** The same function with fewer multiplications where that is faster, and with statistics that are right at any size. */
export function rewrittenFor(graph: Graph, profile: CostProfile): Graph {
  const fewer = rewrite(rewrite(graph, foldedUpsampling), winograd(chooseTile(profile)));
  return withBlocks(rewrite(fewer, stagedGroupNorm(traitsOf(profile.provider).stagedNormFrom)));
}
