/**
 * Annealing of the KL term's weight, against a decoder that learns to ignore the latents.
 *
 * @see Bowman et al. 2016, Generating Sentences from a Continuous Space (arXiv 1511.06349): linear and sigmoid
 * @see Fu et al. 2019, Cyclical Annealing Schedule (arXiv 1903.10145): cyclic, and the sigmoid's width
 */
import { checkValue, oneOf, type OptionKinds } from "../../util/check-options.ts";
import { checkSchedule, countKind, nonNegative, stepKind } from "./check-schedule.ts";

/** How the weight grows from 0 to `weight`. */
export interface KlWeightSchedule {
  /** The full weight. */
  readonly weight: number;
  /** The curve on which the weight grows from `startStep` on. */
  readonly annealing: "constant" | "linear" | "sigmoid" | "cyclic";
  /** Before this step the weight is 0; the annealing begins here. */
  readonly startStep: number;
  /** Length of the annealing, T; afterwards the weight is full. */
  readonly steps: number;
  /** cyclic: M, how often the weight grows from 0. */
  readonly cycles: number;
}

/** R of the paper: the share of each cycle in which the weight grows; then it stays full until the cycle's end. */
const growingShare = 0.5;

/** The sigmoid is cut from -6 to 6, as in the paper's code: from 0.0025 to 0.9975. */
const sigmoidReach = 6;

const kinds: OptionKinds<KlWeightSchedule> = {
  weight: nonNegative,
  annealing: oneOf(["constant", "linear", "sigmoid", "cyclic"]),
  startStep: stepKind,
  steps: stepKind,
  cycles: countKind,
};

/**
 * The weight of the KL term in the update after `step` updates, 0 to `weight`.
 *
 * @throws INVALID_ARGUMENT on another schedule or number.
 */
export function klWeight(schedule: KlWeightSchedule, step: number): number {
  checkSchedule("klWeight", schedule, kinds);
  checkValue("klWeight: step", step, stepKind);
  const { weight, annealing, startStep, steps, cycles } = schedule;
  if (step < startStep) return 0;
  const done = step - startStep;
  if (annealing === "constant" || done >= steps) return weight;
  if (annealing === "linear") return (weight * done) / steps;
  if (annealing === "sigmoid") return weight * sigmoid(sigmoidReach * ((2 * done) / steps - 1));
  const period = steps / cycles;
  return weight * Math.min(1, (done % period) / (period * growingShare));
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
