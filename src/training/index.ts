/** `vaekit/train` in Node: what every platform has, and runs that read pictures and write a folder. */
export * from "../train/public.ts";
export { readRecipe } from "../recipe/node/index.ts";
export type { TrainingEvents, TrainOptions, TrainResult, ValidationMetrics } from "./options.ts";
export { readRunRecipe } from "./read-run-recipe.ts";
export { train } from "./train.ts";
