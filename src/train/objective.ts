/**
 * The objective of a VAE as one graph: reconstruction (with LPIPS and a learned variance where asked for) plus
 * weighted KL, or a bound from several samples; of a model with a codebook, plus how far latents and rows are apart.
 *
 * @see Kingma & Welling 2014; Rombach et al. 2022 (LPIPSWithDiscriminator); Burda et al. 2016 (IWAE)
 */
import type { GraphBuilder, Value } from "../graph/index.ts";
import type { Decoded } from "../models/index.ts";
import { sizeOf } from "../tensor/shape.ts";
import type { Codebook } from "./codebook/codebook.ts";
import {
  commitLoss,
  quantizeLatents,
  straightThrough,
  usageTerms,
  type Quantized,
} from "./codebook/quantize.ts";
import { multiply } from "./losses/arithmetic.ts";
import {
  bitsPerDimension,
  iwaeBound,
  klPerExample,
  klWithFreeBits,
  logImportanceWeights,
  logLikelihood,
  lpips,
  negativeLogLikelihood,
  reconstructionError,
  reduceExamples,
  samplePosterior,
  pixelLikelihood,
  vaeBound,
  valuesPerExample,
  weightedSum,
  withPerceptual,
  type LpipsWeights,
  type PictureLikelihood,
  type Posterior,
  type ReconstructionKind,
  type Reduction,
} from "./losses/index.ts";

export interface ObjectiveOptions {
  /** Weights of the reconstruction's terms. */
  readonly reconstruction: Readonly<Partial<Record<ReconstructionKind, number>>>;
  readonly reduction: Reduction;
  /** Minimise the sum over the batch: its gradient is N times that of `loss`, which stays a mean. */
  readonly sumsBatch?: boolean;
  /** Nats of KL per latent channel that cost nothing. */
  readonly freeBits: number;
  readonly learnLogvar: boolean;
  readonly perceptual?: { readonly weights: LpipsWeights; readonly weight: number };
  /** p(x|z) in the place of the reconstruction's terms. */
  readonly likelihood?: PictureLikelihood;
  /** Several samples of each posterior, for models with a likelihood. */
  readonly importance?: { readonly samples: number; readonly bound: "vae" | "iwae" };
  /** Weight of the squared distance between the posterior's mean and a teacher's latents. */
  readonly latentWeight?: number;
}

export interface ObjectiveInputs {
  readonly sample: Value;
  readonly posterior: Posterior;
  /** Standard normal numbers of the latents' shape (for `samples` of each example with `importance`). */
  readonly noise: Value;
  readonly decode: (z: Value) => Decoded;
  /** The weight of the KL term: a scalar that may change from step to step. */
  readonly klWeight: Value;
  /** The learned log-variance, a scalar. */
  readonly logvar?: Value;
  /** The latents that a teacher gives the sample. */
  readonly teacherLatents?: Value;
}

export interface Objective {
  /** What is minimised, except for an adversarial term. */
  readonly loss: Value;
  /** The part of it that the adversarial term is balanced against: L_nll of LDM. */
  readonly likelihood: Value;
  readonly reconstruction: Value;
  /** Scalars to log, by name. */
  readonly terms: Readonly<Record<string, Value>>;
}

/** Builds the objective. The noise decides everything that is random in it. */
export function objective(
  builder: GraphBuilder,
  inputs: ObjectiveInputs,
  options: ObjectiveOptions,
): Objective {
  return options.importance === undefined
    ? elbo(builder, inputs, options)
    : importanceBound(builder, inputs, { ...options, ...options.importance });
}

function elbo(builder: GraphBuilder, inputs: ObjectiveInputs, options: ObjectiveOptions): Objective {
  const { sample, posterior, noise, decode } = inputs;
  const valueCount = valuesPerExample(sample);
  const reduce = (losses: Value): Value => reduceExamples(builder, losses, options.reduction, valueCount);
  const add = (a: Value, b: Value): Value => builder.apply("Add", [a, b], {});

  const decoded = decode(samplePosterior(builder, posterior, noise));
  const { mean: reconstruction } = decoded;
  const measured = options.likelihood && pixelLikelihood(builder, options.likelihood, decoded, sample);
  const { likelihood, terms } = fidelity(
    builder,
    { ...inputs, reconstruction, errors: measured?.nll },
    options,
  );
  if (options.likelihood !== undefined && measured !== undefined) {
    if (measured.scale !== undefined) terms["scale"] = measured.scale;
    const negativeElbo = add(measured.nll, klPerExample(builder, posterior)); // [N]
    terms["bits_per_dimension"] = meanBits(builder, options.likelihood, negativeElbo, valueCount);
  }
  const kl = divergence(builder, posterior, options, valueCount);
  let loss = add(likelihood, builder.apply("Mul", [kl, inputs.klWeight], {}));
  if (inputs.teacherLatents === undefined)
    return { loss, likelihood, reconstruction, terms: { ...terms, kl } };
  const distance = reduce(reconstructionError(builder, "mse", posterior.mean, inputs.teacherLatents));
  loss = add(loss, weightedSum(builder, [{ weight: options.latentWeight ?? 1, value: distance }]));
  return { loss, likelihood, reconstruction, terms: { ...terms, kl, latent: distance } };
}

export interface CodebookInputs {
  readonly sample: Value;
  /** Latents, not quantised. */
  readonly z: Value;
  /** The codebook's rows. */
  readonly rows: Value;
  readonly codebook: Codebook;
  readonly decode: (z: Value) => Value;
  readonly logvar?: Value;
}

/** The objective of a model with a codebook, and what its rows were nearest to. */
export function codebookObjective(
  builder: GraphBuilder,
  inputs: CodebookInputs,
  options: ObjectiveOptions,
): Objective & { readonly quantized: Quantized } {
  const { sample, z, rows, codebook } = inputs;
  const quantized = quantizeLatents(builder, z, rows);
  const reconstruction = inputs.decode(straightThrough(builder, z, quantized));
  const { likelihood, terms } = fidelity(builder, { ...inputs, reconstruction }, options);
  const learns = codebook.average === undefined;
  const mean = commitLoss(builder, { z, codebook: rows, quantized }, codebook, learns);
  // It is a mean over values, as the reconstruction is by "mean", and keeps its weight beside it by "ldm".
  const commit = options.reduction === "mean" ? mean : multiply(builder, mean, valuesPerExample(sample));
  const loss = builder.apply("Add", [likelihood, multiply(builder, commit, codebook.weight)], {});
  const usage = usageTerms(builder, quantized.counts, sizeOf(z.shape) / z.shape[1]!);
  return { loss, likelihood, reconstruction, quantized, terms: { ...terms, commit_loss: commit, ...usage } };
}

export interface DistillationInputs {
  readonly sample: Value;
  /** The latents that the teacher gives the sample, as a diffusion model sees them. */
  readonly teacherLatents: Value;
  /** Those of the encoder; undefined of a decoder alone. */
  readonly latents: Value | undefined;
  /** What is decoded of the teacher's latents. */
  readonly reconstruction: Value;
  readonly logvar?: Value;
}

/** The objective of a small model whose halves learn from a teacher, each for itself. */
export function distillationObjective(
  builder: GraphBuilder,
  inputs: DistillationInputs,
  options: ObjectiveOptions,
): Objective {
  const { teacherLatents, latents, reconstruction } = inputs;
  const { likelihood, terms } = fidelity(builder, inputs, options);
  if (latents === undefined) return { loss: likelihood, likelihood, reconstruction, terms };
  const errors = reconstructionError(builder, "mse", latents, teacherLatents);
  const distance = reduceExamples(builder, errors, options.reduction, valuesPerExample(latents));
  const weighted = multiply(builder, distance, options.latentWeight ?? 1);
  const loss = builder.apply("Add", [likelihood, weighted], {});
  return { loss, likelihood, reconstruction, terms: { ...terms, latent: distance } };
}

interface FidelityInputs {
  readonly sample: Value;
  readonly reconstruction: Value;
  readonly logvar?: Value;
  /** The distance of each example, [N]. @default the weighted sum of the options' */
  readonly errors?: Value | undefined;
}

/** How far the reconstruction is from the sample: with LPIPS and a learned variance where asked for. */
function fidelity(
  builder: GraphBuilder,
  inputs: FidelityInputs,
  options: ObjectiveOptions,
): Pick<Objective, "likelihood"> & { readonly terms: Record<string, Value> } {
  const { sample, reconstruction, logvar } = inputs;
  const valueCount = valuesPerExample(sample);
  const reduce = (losses: Value): Value => reduceExamples(builder, losses, options.reduction, valueCount);
  let errors = inputs.errors ?? weightedErrors(builder, options.reconstruction, reconstruction, sample);
  const terms: Record<string, Value> = { reconstruction: reduce(errors) };
  if (options.perceptual !== undefined) {
    const distance = lpips(builder, options.perceptual.weights, reconstruction, sample); // [N]
    terms["perceptual"] = reduceExamples(builder, distance, "ldm", 1);
    errors = withPerceptual(builder, errors, distance, {
      perceptualWeight: options.perceptual.weight,
      picture: sample,
    });
  }
  if (logvar !== undefined) {
    errors = negativeLogLikelihood(builder, errors, logvar, valueCount);
    terms["logvar"] = builder.apply("Identity", [logvar], {});
  }
  return { likelihood: reduce(errors), terms };
}

function weightedErrors(
  builder: GraphBuilder,
  weights: ObjectiveOptions["reconstruction"],
  reconstruction: Value,
  sample: Value,
): Value {
  const kinds = Object.entries(weights) as [ReconstructionKind, number][];
  return weightedSum(
    builder,
    kinds.map(([kind, weight]) => ({
      weight,
      value: reconstructionError(builder, kind, reconstruction, sample),
    })),
  );
}

/** Nats of each picture [N] → the mean of their bits for each value, []. */
function meanBits(
  builder: GraphBuilder,
  likelihood: PictureLikelihood,
  nats: Value,
  valueCount: number,
): Value {
  const bits = bitsPerDimension(builder, likelihood, nats, valueCount);
  return reduceExamples(builder, bits, "ldm", 1);
}

function divergence(
  builder: GraphBuilder,
  posterior: Posterior,
  { freeBits, reduction }: ObjectiveOptions,
  valueCount: number,
): Value {
  if (freeBits === 0) return reduceExamples(builder, klPerExample(builder, posterior), reduction, valueCount);
  const sum = builder.apply("Reshape", [klWithFreeBits(builder, posterior, freeBits)], { shape: [1] });
  return reduceExamples(builder, sum, reduction, valueCount);
}

function importanceBound(
  builder: GraphBuilder,
  { sample, posterior, noise, decode }: ObjectiveInputs,
  {
    bound,
    reduction,
    likelihood,
  }: Pick<ObjectiveOptions, "reduction" | "likelihood"> & { readonly bound: "vae" | "iwae" },
): Objective {
  let reconstruction: Value | undefined;
  let scale: Value | undefined;
  const weights = logImportanceWeights(builder, {
    x: sample,
    posterior,
    noise,
    logLikelihood: (z, x) => {
      const decoded = decode(z);
      reconstruction = decoded.mean;
      const found = logLikelihood(builder, likelihood, decoded, x);
      scale = found.scale;
      return found.value;
    },
  });
  const bounds = (bound === "iwae" ? iwaeBound : vaeBound)(builder, weights.logWeights); // [N]
  const negative = builder.apply("Neg", [bounds], {});
  const valueCount = valuesPerExample(sample);
  const loss = reduceExamples(builder, negative, reduction, valueCount);
  const kl = reduceExamples(builder, klPerExample(builder, posterior), reduction, valueCount);
  const terms: Record<string, Value> = { kl };
  if (scale !== undefined) terms["scale"] = scale;
  if (likelihood !== undefined) {
    terms["bits_per_dimension"] = meanBits(builder, likelihood, negative, valueCount);
  }
  return { loss, likelihood: loss, reconstruction: reconstruction!, terms };
}
