/** A recipe's `loss`: the terms and their weights. */
import { z } from "zod";
import { maxCategoricalLevels, scaledDistributions, scaleKinds } from "../models/index.ts";
import { count, nonNegative, path, positive, wholeNumber } from "./fields.ts";

export const reconstructionTerms = ["mse", "l1", "bce"] as const;

const reconstruction = z
  .union([
    z.enum(reconstructionTerms),
    z.strictObject({
      mse: nonNegative().optional(),
      l1: nonNegative().optional(),
      bce: nonNegative().optional(),
    }),
  ])
  .default("mse")
  .transform((terms) => (typeof terms === "string" ? { [terms]: 1 } : terms))
  .pipe(z.partialRecord(z.enum(reconstructionTerms), z.number()))
  .describe("One term, or a weighted sum such as {mse: 1, l1: 0.5}.");

const scaled = z.strictObject({
  distribution: z
    .enum(scaledDistributions)
    .default("normal")
    .describe(
      "normal: a density; discretized_logistic: the probability of each level of a pixel (arXiv 1701.05517).",
    ),
  scale: z
    .enum(scaleKinds)
    .default("shared")
    .describe(
      "fixed: initial_scale; shared: one learned number; per_channel: one for each channel; per_value: what the decoder gives for each value; optimal: the one that makes each batch most likely (arXiv 2006.13202), normal only.",
    ),
  initial_scale: positive()
    .default(0.25)
    .describe(
      "The fixed scale, or the first one: the deviation of a normal, the scale of a logistic distribution, in the pixels' units. Left out: a quarter of their range.",
    ),
  min_scale: z
    .number()
    .min(1e-6)
    .nullable()
    .default(null)
    .describe(
      "What no scale falls below. Left out: the distance of two levels, or of two of 256; null, for fixed: nothing.",
    ),
  levels: count(65_536)
    .min(2)
    .nullable()
    .default(null)
    .describe(
      "How many values a pixel can have, which makes a density's bits comparable with a probability's. Left out: 256 for pictures in files, null (continuous) for tensors.",
    ),
});

const categorical = z.strictObject({
  distribution: z
    .literal("categorical")
    .describe("A probability of its own for each level of a pixel (mlp only)."),
  levels: count(maxCategoricalLevels)
    .min(2)
    .describe(
      "How many levels; pixels are rounded to the nearest. The last layer has so many outputs for each value.",
    ),
});

const likelihood = z.discriminatedUnion("distribution", [scaled, categorical]);

const kl = z.strictObject({
  weight: nonNegative()
    .default(1e-6)
    .describe(
      "Weight of the KL divergence, which is summed over a picture's latents and then reduced as the reconstruction.",
    ),
  annealing: z
    .enum(["constant", "linear", "sigmoid", "cyclic"])
    .default("constant")
    .describe("How the weight grows from 0 to `weight`; cyclic as in arXiv 1903.10145."),
  start_step: wholeNumber().default(0).describe("Before this step the weight is 0."),
  steps: wholeNumber()
    .default(0)
    .describe("Length of the annealing, in steps; afterwards the weight is full."),
  cycles: count().default(4).describe("Cyclic: how often the weight grows from 0 within `steps`."),
  free_bits: nonNegative()
    .default(0)
    .describe("Nats of KL per latent channel that cost nothing (arXiv 1606.04934); 0: none are free."),
});

const perceptual = z.strictObject({
  weights: path().describe("LPIPS weights, VGG included, as one .safetensors file."),
  weight: nonNegative().default(1),
});

const adversarial = z.strictObject({
  weight: positive().describe("Weight of the generator's loss, on top of the adaptive weight. LDM: 0.5."),
  start_step: wholeNumber().default(0).describe("From this step on there is a discriminator. LDM: 50001."),
  loss: z.enum(["hinge", "vanilla"]).default("hinge"),
  norm: z
    .enum(["batch", "group", "none", "actnorm"])
    .default("group")
    .describe("The discriminator's normalization. LDM's is batch, which is poor at small batches."),
  layers: count(8).default(3).describe("Strided convolutions of the PatchGAN."),
  channels: count(4096).default(64).describe("Channels after its first convolution."),
  learning_rate: positive().nullable().default(null).describe("null: as optimizer.learning_rate."),
  factor: nonNegative().default(1).describe("Factor of both the generator's and the discriminator's loss."),
});

const importance = z.strictObject({
  samples: count(100_000).describe("k: latents drawn for each picture."),
  bound: z
    .enum(["vae", "iwae"])
    .default("iwae")
    .describe("The mean of the k log-weights, or the logarithm of the mean weight (arXiv 1509.00519)."),
});

const distillation = z.strictObject({
  teacher: path().describe(
    "A folder or hub id of an AutoencoderKL with latents of the same shape; default: the built-in one.",
  ),
  latent_weight: nonNegative()
    .default(1)
    .describe("Weight of the squared distance from the teacher's latents."),
});

export const lossSchema = z.strictObject({
  reconstruction,
  reduction: z
    .enum(["mean", "ldm", "sum"])
    .default("mean")
    .describe(
      "ldm: each term is summed over a picture, then the mean over the pictures; mean: the same, divided by C x H x W; sum: as ldm, but the sum over the batch is minimized (the log stays per picture).",
    ),
  likelihood: likelihood
    .nullable()
    .default(null)
    .describe("p(x|z) with a scale, in the place of loss.reconstruction: its exact -log p(x|z) in nats."),
  learn_logvar: z.boolean().default(false).describe("Learn the reconstruction's log-variance, one number."),
  kl: kl.prefault({}),
  perceptual: perceptual.nullable().default(null).describe("LPIPS (RGB only)."),
  adversarial: adversarial.nullable().default(null).describe("A PatchGAN discriminator."),
  importance: importance.nullable().default(null).describe("Several latents per picture (mlp only)."),
  distillation: distillation.nullable().default(null).describe("Learn the latents of another VAE."),
});
