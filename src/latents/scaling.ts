/**
 * Between the VAE's own latents and the ones a diffusion model sees: about mean 0 and variance 1.
 *
 * SD 1 and 2: z · scaling. SD3 and FLUX.1: (z - shift) · scaling. SDXL models with statistics:
 * (z - mean) · scaling / std, per channel. Each step rounds to float32, as diffusers' pipelines do.
 */
import { VaekitError } from "../errors.ts";
import { formatShape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";

/** The part of an AutoencoderKL's config that latents depend on. */
export interface LatentScaling {
  readonly scalingFactor: number;
  readonly latentChannels: number;
  readonly shiftFactor?: number | null;
  readonly latentsMean?: readonly number[] | null;
  readonly latentsStd?: readonly number[] | null;
}

/**
 * What the VAE encoded → what a diffusion model sees.
 *
 * @param latents [N, C, h, w].
 * @returns float32 of the same shape.
 * @throws INVALID_ARGUMENT for another rank or number of channels, INVALID_CONFIG for contradicting factors.
 */
export function normalizeLatents(latents: Tensor, config: LatentScaling): Tensor<"float32"> {
  const { scaling, shift, statistics } = factorsOf(config, "normalizeLatents");
  return mapChannels(latents, config.latentChannels, "normalizeLatents", (value, channel) => {
    if (statistics === undefined) return Math.fround(value - shift) * scaling;
    const centred = Math.fround(value - statistics.mean[channel]!);
    return Math.fround(centred * scaling) / statistics.std[channel]!;
  });
}

/** The inverse of {@link normalizeLatents}: what a diffusion model made → what the VAE decodes. */
export function denormalizeLatents(latents: Tensor, config: LatentScaling): Tensor<"float32"> {
  const { scaling, shift, statistics } = factorsOf(config, "denormalizeLatents");
  return mapChannels(latents, config.latentChannels, "denormalizeLatents", (value, channel) => {
    if (statistics === undefined) return Math.fround(value / scaling) + shift;
    const spread = Math.fround(value * statistics.std[channel]!);
    return Math.fround(spread / scaling) + statistics.mean[channel]!;
  });
}

interface Factors {
  readonly scaling: number;
  readonly shift: number;
  /** As in diffusers, only when both lists are there. */
  readonly statistics: { readonly mean: Float32Array; readonly std: Float32Array } | undefined;
}

function factorsOf(config: LatentScaling, subject: string): Factors {
  const { scalingFactor, shiftFactor, latentsMean, latentsStd } = config;
  const fail = (message: string): never => {
    throw new VaekitError("INVALID_CONFIG", `${subject}: ${message}`);
  };
  if (!(Number.isFinite(scalingFactor) && scalingFactor > 0)) {
    fail(`expected a finite scaling_factor above 0, found ${scalingFactor}.`);
  }
  const scaling = Math.fround(scalingFactor);
  if (latentsMean == null || latentsStd == null) {
    return { scaling, shift: Math.fround(shiftFactor ?? 0), statistics: undefined };
  }
  if (shiftFactor != null && shiftFactor !== 0) {
    fail("expected a shift_factor or latents_mean and latents_std, found both. Remove one of the two.");
  }
  for (const [name, list] of [
    ["latents_mean", latentsMean],
    ["latents_std", latentsStd],
  ] as const) {
    if (list.length === config.latentChannels) continue;
    fail(`expected ${config.latentChannels} values in ${name}, one per channel, found ${list.length}.`);
  }
  const statistics = { mean: Float32Array.from(latentsMean), std: Float32Array.from(latentsStd) };
  return { scaling, shift: 0, statistics };
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
