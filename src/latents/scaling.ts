/**
 * Between the VAE's own latents and the ones a diffusion model sees: about mean 0 and variance 1.
 *
 * SD 1 and 2: z · scaling. SD3 and FLUX.1: (z - shift) · scaling. SDXL models with statistics:
 * (z - mean) · scaling / std, per channel. GLM-Image: (z - mean) / std, per channel. Each step rounds to float32, as
 * diffusers' pipelines do.
 */
import { VaekitError } from "../errors.ts";
import { checkTensor } from "../tensor/check-tensor.ts";
import { describeValue } from "../util/describe-value.ts";
import { formatShape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";

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

/** The model's latents are what a diffusion model sees. */
export interface NoScaling {
  /** Tells the scalings apart. */
  readonly kind: "none";
  /** Latent channels, C. */
  readonly latentChannels: number;
}

/** How a pipeline scales latents. */
export type LatentScaling = FactorScaling | MeanStdScaling | NoScaling;

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

/** Also of scalings that a caller wrote. */
function checked(scaling: LatentScaling): LatentScaling {
  if (scaling.kind === "none") return scaling;
  const { scalingFactor = 1, latentChannels } = scaling;
  if (!isAboveZero(scalingFactor)) throw invalid("a finite scaling_factor above 0", String(scalingFactor));
  if (scaling.kind === "factor") {
    if (!Number.isFinite(scaling.shiftFactor)) {
      throw invalid("a finite shift_factor", String(scaling.shiftFactor));
    }
    return scaling;
  }
  for (const [name, list, isGood] of [
    ["latents_mean", scaling.mean, Number.isFinite],
    ["latents_std", scaling.std, isAboveZero],
  ] as const) {
    if (!isList(list) || list.length !== latentChannels) {
      const found = isList(list) ? String(list.length) : describeValue(list);
      throw invalid(`${latentChannels} values in ${name}, one per channel`, found);
    }
    const bad = list.find((value) => !isGood(value));
    if (bad !== undefined) throw invalid(`finite values in ${name}, deviations above 0`, String(bad));
  }
  return scaling;
}

const isList = (value: unknown): value is readonly number[] => Array.isArray(value);

function checkObject(value: unknown): void {
  if (typeof value === "object" && value !== null) return;
  throw invalid("a config or a scaling", describeValue(value));
}

const isAboveZero = (value: number): boolean => Number.isFinite(value) && value > 0;

function invalid(expected: string, found: string): VaekitError {
  return new VaekitError("INVALID_CONFIG", `latents' scaling: expected ${expected}, found ${found}.`);
}

/**
 * What the VAE encoded → what a diffusion model sees.
 *
 * @param latents [N, C, h, w].
 * @param by a scaling, or the config that has one.
 * @returns float32 of the same shape.
 * @throws INVALID_ARGUMENT for another rank or number of channels, INVALID_CONFIG for contradicting factors.
 */
export function normalizeLatents(latents: Tensor, by: LatentScaling | ScalingConfig): Tensor<"float32"> {
  const scaling = scalingOf(by);
  const { latentChannels } = scaling;
  if (scaling.kind === "none") return unscaled(latents, latentChannels, "normalizeLatents");
  if (scaling.kind === "factor") {
    const [factor, shift] = [Math.fround(scaling.scalingFactor), Math.fround(scaling.shiftFactor)];
    return mapChannels(latents, latentChannels, "normalizeLatents", (value) => {
      return Math.fround(value - shift) * factor;
    });
  }
  const { factor, mean, std } = statisticsOf(scaling);
  return mapChannels(latents, latentChannels, "normalizeLatents", (value, channel) => {
    return Math.fround(Math.fround(value - mean[channel]!) * factor) / std[channel]!;
  });
}

/** The inverse of {@link normalizeLatents}: what a diffusion model made → what the VAE decodes. */
export function denormalizeLatents(latents: Tensor, by: LatentScaling | ScalingConfig): Tensor<"float32"> {
  const scaling = scalingOf(by);
  const { latentChannels } = scaling;
  if (scaling.kind === "none") return unscaled(latents, latentChannels, "denormalizeLatents");
  if (scaling.kind === "factor") {
    const [factor, shift] = [Math.fround(scaling.scalingFactor), Math.fround(scaling.shiftFactor)];
    return mapChannels(latents, latentChannels, "denormalizeLatents", (value) => {
      return Math.fround(value / factor) + shift;
    });
  }
  const { factor, mean, std } = statisticsOf(scaling);
  return mapChannels(latents, latentChannels, "denormalizeLatents", (value, channel) => {
    return Math.fround(Math.fround(value * std[channel]!) / factor) + mean[channel]!;
  });
}

function scalingOf(by: LatentScaling | ScalingConfig): LatentScaling {
  checkObject(by);
  return "kind" in by ? checked(by) : latentScaling(by);
}

function statisticsOf({ scalingFactor = 1, mean, std }: Extract<LatentScaling, { kind: "meanStd" }>): {
  factor: number;
  mean: Float32Array;
  std: Float32Array;
} {
  return {
    factor: Math.fround(scalingFactor),
    mean: Float32Array.from(mean),
    std: Float32Array.from(std),
  };
}

/** A scaling in the words of config.json: `scaling_factor 0.3611, shift_factor 0.1159`. */
export function describeScaling(scaling: LatentScaling): string {
  checkObject(scaling);
  checked(scaling);
  if (scaling.kind === "none") return "no factor";
  if (scaling.kind === "factor") {
    const { scalingFactor, shiftFactor } = scaling;
    return `scaling_factor ${scalingFactor}${shiftFactor === 0 ? "" : `, shift_factor ${shiftFactor}`}`;
  }
  const lists = "latents_mean and latents_std";
  const { scalingFactor } = scaling;
  return scalingFactor === undefined ? `${lists} alone` : `scaling_factor ${scalingFactor} with ${lists}`;
}

/** The latents as they are, in memory of their own, as scaled ones have. */
function unscaled(latents: Tensor, channels: number, subject: string): Tensor<"float32"> {
  return mapChannels(latents, channels, subject, (value) => value);
}

function mapChannels(
  latents: Tensor,
  channels: number,
  subject: string,
  map: (value: number, channel: number) => number,
): Tensor<"float32"> {
  checkLatents(latents, channels, subject);
  const [batch = 0, , height = 0, width = 0] = latents.shape;
  const values = latents.toFloat32().data;
  const out = new Float32Array(values.length);
  const area = height * width;
  for (let plane = 0; plane < batch * channels; plane++) {
    const channel = plane % channels;
    for (let i = plane * area; i < (plane + 1) * area; i++) out[i] = map(values[i]!, channel);
  }
  return Tensor.from(out, latents.shape);
}

function checkLatents(latents: Tensor, channels: number, subject: string): void {
  checkTensor(latents, `${subject}: latents`);
  const { shape } = latents;
  if (shape.length === 4 && shape[1] === channels) return;
  const expected = `expected latents [N, ${channels}, h, w], found ${formatShape(shape)}`;
  const remedies: Record<number, string> = {
    3:
      shape[2] === 4 * channels
        ? " These look packed; call unpackLatents first."
        : " The batch dimension seems to be missing.",
  };
  const moments = shape.length === 4 && shape[1] === 2 * channels;
  const remedy = moments
    ? " These look like moments; take mode() or sample() of the posterior first."
    : (remedies[shape.length] ?? "");
  throw new VaekitError("INVALID_ARGUMENT", `${subject}: ${expected}.${remedy}`);
}
