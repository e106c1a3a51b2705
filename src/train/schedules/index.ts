/** What changes from step to step: the learning rate, the weight of the KL term, the decay of the averaged weights. */
export { emaDecay, type EmaSchedule } from "./ema-decay.ts";
export { klWeight, type KlWeightSchedule } from "./kl-weight.ts";
export {
  learningRateFactor,
  type LearningRateMilestone,
  type LearningRateSchedule,
  type LearningRateScheduleType,
} from "./learning-rate.ts";
