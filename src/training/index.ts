/**
 * Training, in Node: what every platform has, and runs that read pictures and write a folder.
 *
 * @example
 * ```ts
 * import { train } from "vaekit/train";
 *
 * const { modelPath } = await train({
 *   recipe: { data: { path: "photos", resolution: 64 }, steps: 2000 },
 *   directory: "runs/first",
 *   onStep: ({ step, terms }) => console.log(step, terms.loss),
 * });
 * console.log(`The model, a folder in diffusers' format: ${modelPath}`);
 * ```
 *
 * @module vaekit/train
 */
import "../node/supported-node.ts";
export * from "../train/public.ts";
export { readRecipe } from "../recipe/node/index.ts";
export type { TrainingEvents, TrainOptions, TrainResult, ValidationMetrics } from "./options.ts";
export { readRunRecipe } from "./read-run-recipe.ts";
export { train } from "./train.ts";
