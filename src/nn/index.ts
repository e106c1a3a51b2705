export { activations, silu } from "./activations.ts";
export { attention } from "./attention.ts";
export type { ModuleContext } from "./context.ts";
export { batchNorm, conv2d, dense, groupNorm, linear, upsampleNearest } from "./layers.ts";
