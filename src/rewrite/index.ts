export { foldedUpsampling } from "./folded-upsampling.ts";
export { rewrite, type RewriteContext, type RewriteRule } from "./rewriter.ts";
export { isWinogradable, winograd, type ChooseTile } from "./winograd.ts";
export type { TileSize } from "./winograd-matrices.ts";
