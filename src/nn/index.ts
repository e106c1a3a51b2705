export { activations, silu } from "./activations.ts";
export { attention } from "./attention.ts";
export type { ModuleContext } from "./context.ts";
export { conv2d, groupNorm, linear, upsampleNearest } from "./layers.ts";
