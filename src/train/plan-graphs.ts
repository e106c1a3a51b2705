/** The graphs of a plan's steps, and the numbers that change from step to step. */
import { InternalError } from "../errors.ts";
import type { Graph } from "../graph/index.ts";
import type { Shape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { buildAutoencoderStep } from "./graphs/autoencoder-step.ts";
import { buildDiscriminatorStep } from "./graphs/discriminator-step.ts";
import type { UpdateOptions } from "./graphs/update.ts";
import { adamScalars } from "./optimizer.ts";
import type { TrainingPlan } from "./training-plan.ts";

/** The noise that a batch of this shape needs. */
export function noiseShape({ network, objective }: TrainingPlan, sample: Shape): Shape {
  const [batch, ...rest] = network.latentShape(sample);
  return [batch! * (objective.importance?.samples ?? 1), ...rest];
}

export function autoencoderGraph(
  { adversarial, ...plan }: TrainingPlan,
  sampleShape: Shape,
  phase: "accumulate" | "update" | "evaluate",
  hasAdversary: boolean,
): Graph {
  return buildAutoencoderStep({
    ...plan,
    ...(hasAdversary && adversarial !== undefined ? { adversarial } : {}),
    update: updateOptions(plan, ""),
    sampleShape,
    phase,
  });
}

export function discriminatorGraph(
  plan: TrainingPlan,
  sampleShape: Shape,
  phase: "accumulate" | "update",
): Graph {
  const { adversarial } = plan;
  if (adversarial === undefined) throw new InternalError("a discriminator's step without a discriminator");
  return buildDiscriminatorStep({
    adversarial,
    update: updateOptions(plan, "discriminator."),
    sampleShape,
    phase,
  });
}

type UpdateParts = Pick<TrainingPlan, "optimizer" | "accumulate" | "emaDecay">;

function updateOptions({ optimizer, accumulate, emaDecay }: UpdateParts, prefix: string): UpdateOptions {
  return { optimizer, accumulate, hasAverage: emaDecay !== undefined && prefix === "", prefix };
}

/** The numbers of an update; `update` counts from 1. */
export function optimizerInputs(
  { optimizer, emaDecay }: TrainingPlan,
  prefix: string,
  learningRate: number,
  update: number,
): Record<string, Tensor> {
  const scalars = adamScalars(optimizer, learningRate, update);
  const inputs = {
    learning_rate: scalars.learningRate,
    step_size: scalars.stepSize,
    second_correction: scalars.secondCorrection,
    ema_rate: 1 - (emaDecay?.(update) ?? 0),
  };
  return Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => [`${prefix}${name}`, number(value)]),
  );
}

/** One number, as a graph's input. */
export const number = (value: number): Tensor<"float32"> => Tensor.from(Float32Array.of(value), []);
