/// <reference lib="esnext.disposable" preserve="true" />
/**
 * Training on every platform: what trains on any runtime, without files. In Node, `vaekit/train` adds runs with
 * a folder.
 *
 * @example
 * ```ts
 * import * as ort from "onnxruntime-web/wasm";
 * import { Generator, WebRuntime } from "vaekit";
 * import { Trainer } from "vaekit/train";
 *
 * const data = Generator.torch(0).uniform([64, 3, 16, 16], -1, 1); // your pictures, in [-1, 1]
 * const runtime = new WebRuntime(ort);
 * const trainer = await Trainer.fromRecipe(runtime, { steps: 500, batch_size: 8 }, { data });
 * while (trainer.step < trainer.totalSteps) console.log((await trainer.advance()).terms.loss);
 * const files = await trainer.modelFiles(); // config.json and the weights, for a download
 * console.log([...files.keys()]);
 * await trainer.dispose();
 * await runtime.dispose();
 * ```
 *
 * @module vaekit/train in the browser
 */
export {
  applyOverrides,
  formatRecipe,
  parseRecipe,
  recipeJsonSchema,
  type AutoencoderKLRecipe,
  type AutoencoderTinyRecipe,
  type JsonSchema,
  type MlpRecipe,
  type OverrideOptions,
  type Recipe,
  type RecipeObject,
  type TensorRecipe,
  type VQModelRecipe,
} from "../recipe/index.ts";
export {
  emaDecay,
  klWeight,
  learningRateFactor,
  type EmaSchedule,
  type KlWeightSchedule,
  type LearningRateMilestone,
  type LearningRateSchedule,
  type LearningRateScheduleType,
} from "./schedules/index.ts";
export { klLoss, perceptualLoss, reconstructionLoss } from "./loss-graphs.ts";
export type { ReconstructionKind } from "./losses/index.ts";
export type { HandedData } from "./handed-data.ts";
export { Trainer, type ReconstructedPictures, type TrainerOptions } from "./trainer.ts";
export type { StepReport } from "./training-plan.ts";
