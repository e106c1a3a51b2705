/** The parts of a recipe that say how to optimize and how often to look: optimizer, schedule, EMA, validation, files. */
import { z } from "zod";
import { count, side, nonNegative, positive, ratio, wholeNumber } from "./fields.ts";

/** A decay: the share that stays at each step. */
const beta = (): z.ZodNumber => z.number().min(0).lt(1);

/** PyTorch's default weight decay of AdamW; Adam's is 0. */
const adamwWeightDecay = 0.01;

export const optimizerSchema = z
  .strictObject({
    type: z.enum(["adam", "adamw"]).default("adamw"),
    learning_rate: positive().default(1e-4),
    betas: z.tuple([beta(), beta()]).default([0.9, 0.999]),
    epsilon: positive().default(1e-8),
    weight_decay: nonNegative()
      .nullable()
      .default(null)
      .describe("null: as in PyTorch, 0.01 for adamw, 0 for adam."),
    clip_norm: positive()
      .nullable()
      .default(null)
      .describe("Scale gradients down to this global norm; null: never."),
  })
  .transform((optimizer) => ({
    ...optimizer,
    weight_decay: optimizer.weight_decay ?? (optimizer.type === "adamw" ? adamwWeightDecay : 0),
  }));

const milestone = z.strictObject({
  step: count().describe("From this step on ..."),
  factor: nonNegative().describe("... the learning rate is multiplied by this."),
});

export const scheduleSchema = z.strictObject({
  type: z
    .enum(["constant", "linear", "cosine", "cosine_with_restarts", "polynomial", "piecewise"])
    .default("constant")
    .describe("As in diffusers.optimization."),
  warmup_steps: wholeNumber()
    .default(0)
    .describe("Steps in which the learning rate grows from 0, for every type."),
  final_ratio: ratio()
    .default(0)
    .describe(
      "The share of the learning rate that is left at the end (linear, cosine, restarts, polynomial).",
    ),
  cycles: count().default(1).describe("cosine_with_restarts: how often the learning rate falls."),
  power: positive().default(1).describe("polynomial: the exponent."),
  milestones: z
    .array(milestone)
    .max(1000)
    .default([])
    .describe(
      "piecewise: [{step: 1000, factor: 0.1}, ...], in the order of their steps; 1 before the first.",
    ),
});

export const emaSchema = z.strictObject({
  decay: beta().default(0.9999).describe("Upper limit of the decay."),
  warmup: z
    .enum(["ratio", "power", "none"])
    .default("ratio")
    .describe(
      "How the decay grows with the updates t, as in diffusers' EMAModel: (1 + t) / (10 + t), or 1 - (1 + t)^(-2/3); none: not at all.",
    ),
});

const phase = z.strictObject({
  step: count().describe("From this step on ..."),
  resolution: side().describe("... pictures are cut to this side ..."),
  batch_size: count(65_536).describe("... and so many make a batch."),
});

export const phasesSchema = z
  .array(phase)
  .max(100)
  .default([])
  .describe(
    "Other sizes in later parts of the run, such as [{step: 10000, resolution: 128, batch_size: 2}]: small crops are cheap, large ones have the statistics of whole pictures.",
  );

export const validationSchema = z.strictObject({
  every: count().nullable().default(500).describe("Steps between validations; null: only at the end."),
  images: count().nullable().default(16).describe("How many pictures of the validation set; null: all."),
  resolution: side().nullable().default(null).describe("Side of the pictures; null: data.resolution."),
  batch_size: count(65_536).nullable().default(null).describe("null: the recipe's batch_size."),
  likelihood_samples: count(1_000_000)
    .nullable()
    .default(null)
    .describe(
      "With loss.likelihood, or bce of an mlp: at the end of the run, estimate -log p(x) from so many latents of each picture (the IWAE paper: 5000); null: do not.",
    ),
});

export const checkpointsSchema = z.strictObject({
  every: count().nullable().default(500).describe("Steps between checkpoints; null: only at the end."),
  keep: count().default(3).describe("How many of the newest stay."),
});

export const samplesSchema = z.strictObject({
  every: count().nullable().default(500).describe("Steps between sample pictures; null: only at the end."),
  count: count(1024).default(8).describe("Pictures in each grid."),
});

export const logSchema = z.strictObject({
  every: count().default(10).describe("Steps between lines of the log."),
});
