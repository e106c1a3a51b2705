/**
 * What lies between the VAE's own latents and the ones a diffusion model sees, which have about mean 0 and variance 1.
 * normalize.ts computes it.
 *
 * SD 1 and 2: z · scaling. SD3 and FLUX.1: (z - shift) · scaling. SDXL models with statistics:
 * (z - mean) · scaling / std, per channel. GLM-Image: (z - mean) / std, per channel. FLUX.2: (z - mean) / std, per
 * channel and place in a patch of 2x2 latents.
 */
import { VaekitError } from "../errors.ts";
import { describeValue } from "../util/describe-value.ts";

/** (z - shiftFactor) · scalingFactor, the same for all channels: Stable Diffusion, FLUX.1. */
export interface FactorScaling {
  /** Tells the scalings apart. */
  readonly kind: "factor";
  /** Latent channels, C. */
  readonly latentChannels: number;
  /** 1 / the latents' standard deviation, above 0. */
  readonly scalingFactor: number;
  /** The latents' mean. */
  readonly shiftFactor: number;
}

/** (z - mean) / std for each channel, times scalingFactor where the model has one. */
export interface MeanStdScaling {
  /** Tells the scalings apart. */
  readonly kind: "meanStd";
  /** Latent channels, C. */
  readonly latentChannels: number;
  /** The mean of each channel, [C]. */
  readonly mean: readonly number[];
  /** The standard deviation of each channel, [C], above 0. */
  readonly std: readonly number[];
  /** Multiplied by as well, above 0. @default 1 */
  readonly scalingFactor?: number;
}

/**
 * (z - mean) / std for each channel and place in a patch of 2x2 latents: FLUX.2, whose diffusion model sees patches. The
 * numbers are in the order of a token's features, 4 · channel + 2 · row + column, as {@link packLatents} has them.
 */
export interface PatchMeanStdScaling {
  /** Tells the scalings apart. */
  readonly kind: "patchMeanStd";
  /** Latent channels, C. */
  readonly latentChannels: number;
  /** The mean of each feature, [4C]. */
  readonly mean: readonly number[];
  /** The standard deviation of each feature, [4C], above 0. */
  readonly std: readonly number[];
}

/** The model's latents are what a diffusion model sees. */
export interface NoScaling {
  /** Tells the scalings apart. */
  readonly kind: "none";
  /** Latent channels, C. */
  readonly latentChannels: number;
}

/** How a pipeline scales latents. */
export type LatentScaling = FactorScaling | MeanStdScaling | PatchMeanStdScaling | NoScaling;

/** Latents in a patch of 2x2. */
export const patchSize = 4;

/** The keys of a config that latents depend on. */
export interface ScalingConfig {
  /** null or left out where only latentsMean and latentsStd count. */
  readonly scalingFactor?: number | null;
  /** Latent channels, C. */
  readonly latentChannels: number;
  /** The mean of all latents. @default 0 */
  readonly shiftFactor?: number | null;
  /** The mean of each channel, [C]. It counts only beside `latentsStd`. */
  readonly latentsMean?: readonly number[] | null;
  /** The standard deviation of each channel, [C], above 0. It counts only beside `latentsMean`. */
  readonly latentsStd?: readonly number[] | null;
}

/** What diffusers writes into every config.json, whether the model has such a factor or not. */
const defaultFactor = 0.18215;

/** Only pipelines of Stable Diffusion XL multiply by a factor beside means and deviations; they read 4 channels. */
export const channelsWithFactor = 4;

/**
 * Whether the factor of a config with means and deviations is only the default that diffusers wrote: GLM-Image, the
 * other model with such lists, divides by the deviations alone.
 *
 * @see diffusers, pipeline_glm_image.py and pipeline_stable_diffusion_xl.py
 */
export function ignoresDefaultFactor(config: ScalingConfig): boolean {
  const { latentChannels, scalingFactor, latentsMean, latentsStd } = config;
  const hasStatistics = latentsMean != null && latentsStd != null;
  return hasStatistics && latentChannels !== channelsWithFactor && scalingFactor === defaultFactor;
}

/**
 * The one place where a config's factors become a scaling. Means and deviations count only where both lists are
 * there, as in diffusers' pipelines.
 *
 * @throws INVALID_CONFIG when factors are missing, contradict each other or are out of range.
 */
export function latentScaling(config: ScalingConfig): LatentScaling {
  checkObject(config);
  const { latentChannels, scalingFactor, shiftFactor, latentsMean, latentsStd } = config;
  if (latentsMean == null || latentsStd == null) {
    return checked({
      kind: "factor",
      latentChannels,
      scalingFactor: scalingFactor ?? NaN,
      shiftFactor: shiftFactor ?? 0,
    });
  }
  if (shiftFactor != null && shiftFactor !== 0) {
    throw invalid("a shift_factor or latents_mean and latents_std", "both. Remove one of the two");
  }
  const factor = scalingFactor == null || ignoresDefaultFactor(config) ? {} : { scalingFactor };
  return checked({ kind: "meanStd", latentChannels, mean: latentsMean, std: latentsStd, ...factor });
}

const kinds: readonly LatentScaling["kind"][] = ["factor", "meanStd", "patchMeanStd", "none"];

/** Also of scalings that a caller wrote. @throws INVALID_CONFIG when numbers are missing or out of range */
export function checked(scaling: LatentScaling): LatentScaling {
  const kind: unknown = scaling.kind;
  if (!kinds.some((each) => each === kind)) {
    throw invalid(`a scaling of the kind ${kinds.join(", ")}`, describeValue(kind));
  }
  switch (scaling.kind) {
    case "none":
      return scaling;
    case "factor":
      checkFactor(scaling.scalingFactor);
      if (Number.isFinite(scaling.shiftFactor)) return scaling;
      throw invalid("a finite shift_factor", String(scaling.shiftFactor));
    case "meanStd":
      checkFactor(scaling.scalingFactor ?? 1);
      checkLists(scaling, { mean: "latents_mean", std: "latents_std" }, scaling.latentChannels, "channel");
      return scaling;
    case "patchMeanStd": {
      const features = patchSize * scaling.latentChannels;
      checkLists(scaling, { mean: "mean", std: "std" }, features, "channel and place in a patch of 2x2");
      return scaling;
    }
  }
}

function checkFactor(factor: number): void {
  if (!isAboveZero(factor)) throw invalid("a finite scaling_factor above 0", String(factor));
}

function checkLists(
  scaling: Readonly<Record<"mean" | "std", readonly number[]>>,
  names: Readonly<Record<"mean" | "std", string>>,
  count: number,
  each: string,
): void {
  for (const [key, isGood] of [
    ["mean", Number.isFinite],
    ["std", isAboveZero],
  ] as const) {
    const list: unknown = scaling[key];
    if (!isList(list) || list.length !== count) {
      const found = isList(list) ? String(list.length) : describeValue(list);
      throw invalid(`${count} values in ${names[key]}, one per ${each}`, found);
    }
    const bad = list.find((value) => !isGood(value));
    if (bad !== undefined) throw invalid(`finite values in ${names[key]}, deviations above 0`, String(bad));
  }
}

const isList = (value: unknown): value is readonly number[] => Array.isArray(value);

/** @throws INVALID_CONFIG for what is no object */
export function checkObject(value: unknown): void {
  if (typeof value === "object" && value !== null) return;
  throw invalid("a config or a scaling", describeValue(value));
}

const isAboveZero = (value: number): boolean => Number.isFinite(value) && value > 0;

function invalid(expected: string, found: string): VaekitError {
  return new VaekitError("INVALID_CONFIG", `latents' scaling: expected ${expected}, found ${found}.`);
}

/** A scaling in the words of config.json: `scaling_factor 0.3611, shift_factor 0.1159`. */
export function describeScaling(scaling: LatentScaling): string {
  checkObject(scaling);
  checked(scaling);
  switch (scaling.kind) {
    case "none":
      return "no factor";
    case "factor": {
      const { scalingFactor, shiftFactor } = scaling;
      return `scaling_factor ${scalingFactor}${shiftFactor === 0 ? "" : `, shift_factor ${shiftFactor}`}`;
    }
    case "meanStd": {
      const lists = "latents_mean and latents_std";
      const { scalingFactor } = scaling;
      return scalingFactor === undefined ? `${lists} alone` : `scaling_factor ${scalingFactor} with ${lists}`;
    }
    case "patchMeanStd":
      return `a mean and a std for each of ${scaling.mean.length} features of 2x2 patches`;
  }
}

/** What storing statistics in 16 bits changes at most: half a unit in the last of bfloat16's 8 binary digits. */
const storedPrecision = 2 ** -8;

/** Whether two lists of numbers are the same but for the rounding of the files that they were stored in. */
export const sameNumbers = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length &&
  a.every((value, i) => {
    const other = b[i]!;
    return Math.abs(value - other) <= storedPrecision * Math.max(Math.abs(value), Math.abs(other));
  });

/** Whether two scalings are one: the same numbers, of statistics but for the rounding of the files that hold them. */
export function sameScaling(a: LatentScaling, b: LatentScaling): boolean {
  if (a.kind !== "patchMeanStd" || b.kind !== "patchMeanStd") return JSON.stringify(a) === JSON.stringify(b);
  return sameNumbers(a.mean, b.mean) && sameNumbers(a.std, b.std);
}
