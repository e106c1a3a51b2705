/** Latents whose numbers are far from those that a model makes, and whose they are likelier. */
import { normalizeLatents, type LatentScaling } from "../../latents/index.ts";
import { publishedScalings } from "./published-scalings.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/** Fewer values say little. */
const fewest = 256;

/**
 * Normalised latents have about mean 0 and deviation 1. Between these deviations, and within this distance of the mean, are
 * all photographs and most drawings.
 */
const usual = { least: 0.4, most: 2.5, mean: 1.5 } as const;

/** What is known of latents. */
export interface KnownLatents {
  /** [N, L, h, w] as they were found, but for a convention's own factor. */
  readonly found: Tensor;
  /** In which scale they were taken. */
  readonly scale: "raw" | "normalized";
  /** The model's. */
  readonly scaling: LatentScaling;
}

/** One line that says so and names the likelier scale or model; undefined where nothing is odd. */
export function farLatentsWarning({ found, scale, scaling }: KnownLatents): string | undefined {
  if (scaling.kind === "none" || found.shape.length !== 4 || found.size < fewest) return undefined;
  const taken = momentsOf(scale === "raw" ? normalizeLatents(found, scaling) : found);
  if (isUsual(taken)) return undefined;
  const { mean, std } = taken;
  const odd = `normalised, these latents have the mean ${mean.toFixed(2)} and the deviation ${std.toFixed(2)} instead of about 0 and 1`;
  return `${odd}. ${likelier({ found, scale, scaling })}`;
}

function likelier({ found, scale, scaling }: KnownLatents): string {
  const other = scale === "raw" ? found : normalizeLatents(found, scaling);
  if (isUsual(momentsOf(other))) {
    return scale === "raw"
      ? "They look normalised already: leave `raw` out."
      : "They look as the VAE itself has them: pass `raw`.";
  }
  const model = likelierModel(found);
  return model === undefined
    ? "Are they of this model?"
    : `They look like those of another model, ${model}, as its VAE has them: decode them with it.`;
}

/** The published model under whose scaling they are most nearly of deviation 1. */
function likelierModel(found: Tensor): string | undefined {
  const fitting = publishedScalings
    .filter(({ scaling }) => scaling.latentChannels === found.shape[1])
    .map(({ name, scaling }) => ({ name, moments: momentsOf(normalizeLatents(found, scaling)) }))
    .filter(({ moments }) => isUsual(moments))
    .sort((a, b) => distance(a.moments) - distance(b.moments));
  return fitting[0]?.name;
}

interface Moments {
  readonly mean: number;
  readonly std: number;
}

const isUsual = ({ mean, std }: Moments): boolean =>
  std >= usual.least && std <= usual.most && Math.abs(mean) <= usual.mean;

const distance = ({ mean, std }: Moments): number => Math.abs(Math.log(std)) + Math.abs(mean);

function momentsOf(latents: Tensor): Moments {
  const { data } = latents.toFloat32();
  const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
  const squares = data.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, std: Math.sqrt(squares / data.length) };
}
