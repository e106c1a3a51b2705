export { activations, silu } from "./activations.ts";
export { attention } from "./attention.ts";
export type { ModuleContext } from "./context.ts";
export { batchNorm, conv2d, dense, groupNorm, linear, upsampleConv2d } from "./layers.ts";
