export { channelsLast } from "./channels-last.ts";
export { foldedUpsampling } from "./folded-upsampling.ts";
export { upsamplingInTiles } from "./upsampling-in-tiles.ts";
export { winograd } from "./winograd.ts";
export { preciseGroupNorm } from "./precise-group-norm.ts";
export { stagedGroupNorm, type StagedNormForm } from "./staged-group-norm.ts";
export { rewrite, type RewriteContext, type RewriteRule } from "./rewriter.ts";
