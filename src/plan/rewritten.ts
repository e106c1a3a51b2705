/** The graph of a half as it runs as a whole. */
import { chooseForm, chooseTile, isFasterInTiles, withBlocks, type CostProfile } from "../cost/index.ts";
import type { Graph } from "../graph/index.ts";
import { foldedUpsampling, rewrite, stagedGroupNorm, upsamplingInTiles, winograd } from "../rewrite/index.ts";
import { traitsOf } from "./device-traits.ts";

/** The same function with fewer multiplications where that is faster, and with statistics that are right at any size. */
export function rewrittenFor(
  graph: Graph,
  profile: CostProfile,
  { isPlain = false }: { readonly isPlain?: boolean | undefined } = {},
): Graph {
  const { stagedNormFrom, stagedNormForm } = traitsOf(profile.provider);
  const folded = isPlain ? rewrite(graph, foldedUpsampling) : upsampledFor(graph, profile);
  const choose = isPlain ? chooseTile(profile) : chooseForm(profile);
  const norm = isPlain ? "elementwise" : stagedNormForm;
  return withBlocks(rewrite(rewrite(folded, winograd(choose)), stagedGroupNorm(stagedNormFrom, norm)));
}

function upsampledFor(graph: Graph, profile: CostProfile): Graph {
  const inTiles = upsamplingInTiles((shape) => isFasterInTiles(shape, profile));
  return rewrite(rewrite(graph, inTiles), foldedUpsampling);
}
