/** Training: objectives, optimizers and the loop's engine, on any runtime. */
export { setActNorms } from "./actnorm.ts";
export type { BatchSource } from "./batch-source.ts";
export {
  buildAutoencoderStep,
  type AdversarialOptions,
  type AutoencoderStepOptions,
  type TeacherOptions,
} from "./graphs/autoencoder-step.ts";
export { initialTensors } from "./initial-tensors.ts";
export { logvarName } from "./graphs/context.ts";
export { stateNames, type OptimizerOptions, type UpdateOptions } from "./graphs/update.ts";
export { findLpipsWeights, type LpipsWeights } from "./losses/index.ts";
export type { ObjectiveOptions } from "./objective.ts";
export { ParameterLayout } from "./parameter-layout.ts";
export {
  philoxRandomness,
  torchRandomness,
  type RandomnessState,
  type TrainingRandomness,
} from "./randomness.ts";
export { initializeFromPrincipalComponents } from "./principal-components.ts";
export { pictureSheet, rastersOf, reconstructionSheet } from "./samples.ts";
export { emaDecay, klWeight, learningRateFactor } from "./schedules/index.ts";
export { Trainer, type StepReport, type TrainingPlan, type WeightsKind } from "./trainer.ts";
export { autoencoderKLNetwork, mlpNetwork, type VaeNetwork } from "./vae-network.ts";
