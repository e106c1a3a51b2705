/** Training on any runtime, for other folders: recipes become plans, plans become steps. public.ts is what programs see. */
export { openTrainable } from "./classes/index.ts";
export { autoencoderKLNetwork } from "./classes/autoencoder-kl.ts";
export { mlpNetwork } from "./classes/mlp-vae.ts";
export { autoencoderTinyNetwork } from "./classes/autoencoder-tiny.ts";
export { vqModelNetwork } from "./classes/vq-model.ts";
export { openDiscriminator, type RuntimeUse, type TrainableDiscriminator } from "./discriminator.ts";
export {
  buildAutoencoderStep,
  type AdversarialOptions,
  type AutoencoderStepOptions,
} from "./graphs/autoencoder-step.ts";
export type { TeacherOptions } from "./graphs/teacher.ts";
export { freshTensors, initialTensors } from "./initial-tensors.ts";
export { logvarName } from "./graphs/context.ts";
export { stateNames, type OptimizerOptions, type UpdateOptions } from "./graphs/update.ts";
export { findLpipsWeights, type LpipsWeights } from "./losses/index.ts";
export { measureScale } from "./measure-scale.ts";
export { measureScaling } from "./measure-scaling.ts";
export type { ObjectiveOptions } from "./objective.ts";
export { ParameterLayout } from "./parameter-layout.ts";
export { planTraining, type PlanParts } from "./plan.ts";
export {
  philoxRandomness,
  randomnessOf,
  torchRandomness,
  type RandomnessState,
  type TrainingRandomness,
} from "./randomness.ts";
export type { ModelInMemory, RecipeWeights } from "./recipe-weights.ts";
export { emaDecay, klWeight, learningRateFactor } from "./schedules/index.ts";
export type { LatentFactors, Measured, ModelContent, TrainableModel } from "./trainable-model.ts";
export { TrainingEngine } from "./training-engine.ts";
export type { StepReport, TrainingPlan, WeightsKind } from "./training-plan.ts";
export { hasPosterior, isDistilled, type VaeNetwork } from "./vae-network.ts";
