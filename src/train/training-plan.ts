/** What decides the steps of a training, and what a step reports. */
import type { FindParameter } from "../models/index.ts";
import type { AdversarialOptions } from "./graphs/autoencoder-step.ts";
import type { TeacherOptions } from "./graphs/teacher.ts";
import type { OptimizerOptions } from "./graphs/update.ts";
import type { ObjectiveOptions } from "./objective.ts";
import type { ParameterLayout } from "./parameter-layout.ts";
import type { VaeNetwork } from "./vae-network.ts";

export interface TrainingPlan {
  readonly network: VaeNetwork;
  readonly layout: ParameterLayout;
  readonly frozen: FindParameter;
  readonly objective: ObjectiveOptions;
  readonly teacher?: TeacherOptions;
  readonly adversarial?: AdversarialOptions & {
    /** From this step on, counted in the autoencoder's updates. */
    readonly startStep: number;
    readonly learningRate: number;
  };
  readonly optimizer: OptimizerOptions & { readonly learningRate: number };
  /** Factor of the learning rate after so many updates. */
  readonly learningRateFactor: (step: number) => number;
  readonly klWeight: (step: number) => number;
  /** Decay of the moving average at an update, counted from 1; undefined for no average. */
  readonly emaDecay?: (update: number) => number;
  readonly accumulate: number;
  /** Computes blocks again in the backward pass: less memory, more time. */
  readonly recompute?: boolean;
  /** The decoder gives logits of Bernoulli pixels. */
  readonly givesLogits: boolean;
}

/** The network's weights that a question is about: as they are, or their moving average. */
export type WeightsKind = "raw" | "ema";

/** What a step reports. */
export interface StepReport {
  /** Updates done, this one included. */
  readonly step: number;
  /** The learning rate of this step. */
  readonly learningRate: number;
  /** The weight of the KL term in this step. */
  readonly klWeight: number;
  /** The objective's terms by name, means over the step's batches. */
  readonly terms: Readonly<Record<string, number>>;
}
