/**
 * Latents of the VAE → what a diffusion model sees, and back, by a scaling. Each step rounds to float32, as diffusers'
 * pipelines do.
 */
import { VaekitError } from "../errors.ts";
import { checkTensor } from "../tensor/check-tensor.ts";
import { formatShape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import {
  checked,
  checkObject,
  latentScaling,
  patchSize,
  type LatentScaling,
  type ScalingConfig,
} from "./scaling.ts";

/**
 * What the VAE encoded → what a diffusion model sees.
 *
 * @param latents [N, C, h, w]; with statistics of 2x2 patches, h and w are even.
 * @param by a scaling, or the config that has one.
 * @returns float32 of the same shape.
 * @throws INVALID_ARGUMENT for another rank or number of channels, or for odd sides of latents that go in patches;
 *   INVALID_CONFIG for contradicting factors.
 */
export function normalizeLatents(latents: Tensor, by: LatentScaling | ScalingConfig): Tensor<"float32"> {
  const scaling = scalingOf(by);
  return mapped(latents, scaling, "normalizeLatents", normalizer(scaling));
}

/** The inverse of {@link normalizeLatents}: what a diffusion model made → what the VAE decodes. */
export function denormalizeLatents(latents: Tensor, by: LatentScaling | ScalingConfig): Tensor<"float32"> {
  const scaling = scalingOf(by);
  return mapped(latents, scaling, "denormalizeLatents", denormalizer(scaling));
}

function scalingOf(by: LatentScaling | ScalingConfig): LatentScaling {
  checkObject(by);
  return "kind" in by ? checked(by) : latentScaling(by);
}

/** One value of a channel; of patches, of a feature. What it gives is rounded to float32 where it is stored. */
type Step = (value: number, feature: number) => number;

function normalizer(scaling: LatentScaling): Step {
  if (scaling.kind === "none") return (value) => value;
  if (scaling.kind === "factor") {
    const [factor, shift] = [Math.fround(scaling.scalingFactor), Math.fround(scaling.shiftFactor)];
    return (value) => Math.fround(value - shift) * factor;
  }
  const { factor, mean, std } = statisticsOf(scaling);
  return (value, feature) => Math.fround(Math.fround(value - mean[feature]!) * factor) / std[feature]!;
}

function denormalizer(scaling: LatentScaling): Step {
  if (scaling.kind === "none") return (value) => value;
  if (scaling.kind === "factor") {
    const [factor, shift] = [Math.fround(scaling.scalingFactor), Math.fround(scaling.shiftFactor)];
    return (value) => Math.fround(value / factor) + shift;
  }
  const { factor, mean, std } = statisticsOf(scaling);
  return (value, feature) => Math.fround(Math.fround(value * std[feature]!) / factor) + mean[feature]!;
}

type WithStatistics = Extract<LatentScaling, { mean: readonly number[] }>;

function statisticsOf(scaling: WithStatistics): { factor: number; mean: Float32Array; std: Float32Array } {
  // A factor of 1 changes no bit.
  const factor = scaling.kind === "meanStd" ? (scaling.scalingFactor ?? 1) : 1;
  return {
    factor: Math.fround(factor),
    mean: Float32Array.from(scaling.mean),
    std: Float32Array.from(scaling.std),
  };
}

/** Every value after a step, in memory of its own. */
function mapped(latents: Tensor, scaling: LatentScaling, subject: string, step: Step): Tensor<"float32"> {
  const { kind, latentChannels: channels } = scaling;
  checkLatents(latents, channels, subject);
  const [batch = 0, , height = 0, width = 0] = latents.shape;
  const inPatches = kind === "patchMeanStd";
  if (inPatches) checkSides(height, width, subject);
  const values = latents.toFloat32().data;
  const out = new Float32Array(values.length);
  for (let plane = 0, i = 0; plane < batch * channels; plane++) {
    const channel = plane % channels;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++, i++) {
        const feature = inPatches ? patchSize * channel + 2 * (y & 1) + (x & 1) : channel;
        out[i] = step(values[i]!, feature);
      }
    }
  }
  return Tensor.from(out, latents.shape);
}

function checkSides(height: number, width: number, subject: string): void {
  if (height % 2 === 0 && width % 2 === 0) return;
  throw new VaekitError(
    "INVALID_ARGUMENT",
    `${subject}: expected latents of an even height and width, which are normalised in patches of 2x2, found ${height}x${width}. Use pictures whose sides are multiples of twice the pixels per latent.`,
  );
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
