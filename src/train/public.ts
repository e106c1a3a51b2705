/** `vaekit/train` on every platform: what trains on any runtime, without files. In Node, src/training adds runs with a folder. */
export {
  applyOverrides,
  formatRecipe,
  parseRecipe,
  recipeJsonSchema,
  type JsonSchema,
  type OverrideOptions,
  type Recipe,
  type RecipeObject,
  type TensorRecipe,
} from "../recipe/index.ts";
export {
  emaDecay,
  klWeight,
  learningRateFactor,
  type EmaSchedule,
  type KlWeightSchedule,
  type LearningRateSchedule,
  type LearningRateScheduleType,
} from "./schedules/index.ts";
export { klLoss, perceptualLoss, reconstructionLoss } from "./loss-graphs.ts";
export type { HandedData } from "./handed-data.ts";
export { Trainer, type TrainerOptions } from "./trainer.ts";
export type { StepReport } from "./training-plan.ts";
