/**
 * Learning rate schedules, with the formulas of diffusers, as factors of the base learning rate.
 *
 * @see diffusers, optimization.py: get_*_schedule
 */
import {
  checkValue,
  oneOf,
  optionKinds,
  type OptionKind,
  type OptionKinds,
} from "../../util/check-options.ts";
import { checkSchedule, countKind, shareKind, stepKind } from "./check-schedule.ts";

/** The curve of the learning rate, by diffusers' name. */
export type LearningRateScheduleType =
  "constant" | "linear" | "cosine" | "cosine_with_restarts" | "polynomial" | "piecewise";

const types = [
  "constant",
  "linear",
  "cosine",
  "cosine_with_restarts",
  "polynomial",
  "piecewise",
] as const satisfies readonly LearningRateScheduleType[];

/** A step from which on piecewise has another factor. */
export interface LearningRateMilestone {
  /** The first step with the factor. */
  readonly step: number;
  /** Of the base learning rate. */
  readonly factor: number;
}

/** How the learning rate changes in the course of a run. */
export interface LearningRateSchedule {
  /** The curve. */
  readonly type: LearningRateScheduleType;
  /** Length of the run in steps. */
  readonly totalSteps: number;
  /** Steps in which the factor grows from 0 to 1. diffusers has none for piecewise. */
  readonly warmupSteps: number;
  /**
   * The factor at the end of linear, cosine, cosine_with_restarts and polynomial. diffusers' f_min of linear and
   * lr_end / lr of polynomial, which is 1e-7 / lr there by default; its cosines end at 0.
   */
  readonly finalRatio: number;
  /** cosine_with_restarts: how often the factor falls. */
  readonly cycles: number;
  /** polynomial: the exponent. */
  readonly power: number;
  /** piecewise: the factor from each step on, in ascending order; 1 before the first. */
  readonly milestones: readonly LearningRateMilestone[];
}

const isMilestone = (value: unknown): boolean =>
  typeof value === "object" &&
  value !== null &&
  ["step", "factor"].every((key) => Number.isFinite(Reflect.get(value, key)));

const milestonesKind: OptionKind = {
  expected: "a list such as [{ step: 1000, factor: 0.1 }]",
  fits: (value) => Array.isArray(value) && value.every(isMilestone),
};

const kinds: OptionKinds<LearningRateSchedule> = {
  type: oneOf(types),
  totalSteps: stepKind,
  warmupSteps: stepKind,
  finalRatio: shareKind,
  cycles: countKind,
  power: optionKinds.aboveZero,
  milestones: milestonesKind,
};

/**
 * What the base learning rate is multiplied by.
 *
 * @param step updates done so far: 0 for the first one, whose factor is 0 when there is a warm-up, as in diffusers.
 *   Beyond `totalSteps` the factor stays as at the end.
 * @returns the factor, 0 to 1, or a milestone's.
 * @throws INVALID_ARGUMENT on another schedule or number.
 */
export function learningRateFactor(schedule: LearningRateSchedule, step: number): number {
  checkSchedule("learningRateFactor", schedule, kinds);
  checkValue("learningRateFactor: step", step, stepKind);
  const { type, warmupSteps, totalSteps, finalRatio } = schedule;
  if (step < warmupSteps) return step / warmupSteps;
  if (type === "constant") return 1;
  if (type === "piecewise") return schedule.milestones.findLast((each) => step >= each.step)?.factor ?? 1;
  const progress = Math.min(1, (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps));
  return finalRatio + (1 - finalRatio) * decays[type](progress, schedule);
}

/** What is left of the learning rate after a share of the decay, from 1 to 0. */
const decays: {
  readonly [K in Exclude<LearningRateScheduleType, "constant" | "piecewise">]: (
    progress: number,
    schedule: LearningRateSchedule,
  ) => number;
} = {
  linear: (progress) => 1 - progress,
  cosine: (progress) => halfCosine(progress),
  cosine_with_restarts: (progress, { cycles }) => (progress >= 1 ? 0 : halfCosine((cycles * progress) % 1)),
  polynomial: (progress, { power }) => (1 - progress) ** power,
};

/** From 1 at 0 to 0 at 1. */
const halfCosine = (progress: number): number => Math.max(0, 0.5 * (1 + Math.cos(Math.PI * progress)));
