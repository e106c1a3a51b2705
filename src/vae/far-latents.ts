/** Latents whose numbers are far from those that a model makes, and whose they are likelier. */
import { normalizeLatents, type LatentScaling } from "../latents/index.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { publishedScalings } from "./published-scalings.ts";

/** Fewer values say little. */
const fewest = 256;

/**
 * Normalised latents have about mean 0 and deviation 1. Between these deviations, and within this distance of the mean, are
 * all photographs and most drawings.
 */
const usual = { least: 0.4, most: 2.5, mean: 1.5 } as const;

/**
 * The share of the variance that lies between the places of a channel. In a plain surface the channels differ more from each other
 * than their places, and any deviation may be right: the built-in model gives a grey picture one of 0.16, narrow stripes one of 3.7.
 */
const leastAmongPlaces = 0.5;

/** In which scale latents are taken: as the encoder gives them, or as a diffusion model makes them. */
export type Scale = "raw" | "normalized";

/** What is known of latents. */
export interface KnownLatents {
  /** [N, L, h, w] as they were found, but for a convention's own factor. */
  readonly found: Tensor;
  /** In which scale they were taken. */
  readonly scale: Scale;
  /** The model's. */
  readonly scaling: LatentScaling;
}

/** What is odd about latents. */
export interface FarLatents {
  /** In a sentence without its end. */
  readonly odd: string;
  /** What they look like: those of this model in the other scale, those of another published model, or nobody's. */
  readonly likely: "in the other scale" | { readonly model: string } | undefined;
}

/** Undefined where nothing is odd, or too little is known. */
export function farLatents(known: KnownLatents): FarLatents | undefined {
  const { found, scale, scaling } = known;
  if (!canBeJudged(found, scaling)) return undefined;
  const taken = momentsOf(scale === "raw" ? normalizeLatents(found, scaling) : found);
  if (!Number.isFinite(taken.std) || isUsual(taken) || taken.amongPlaces < leastAmongPlaces) return undefined;
  const { mean, std } = taken;
  return {
    odd: `normalised, these latents have the mean ${mean.toFixed(2)} and the deviation ${std.toFixed(2)} instead of about 0 and 1`,
    likely: isOfOtherScale(known) ? "in the other scale" : likelierModel(found),
  };
}

function canBeJudged({ shape, size }: Tensor, scaling: LatentScaling): boolean {
  if (scaling.kind === "none" || shape.length !== 4 || size < fewest) return false;
  const isInPatches = shape.slice(2).every((side) => side % 2 === 0);
  return shape[1] === scaling.latentChannels && (scaling.kind !== "patchMeanStd" || isInPatches);
}

function isOfOtherScale({ found, scale, scaling }: KnownLatents): boolean {
  return isUsual(momentsOf(scale === "raw" ? found : normalizeLatents(found, scaling)));
}

/** The published model under whose scaling they are most nearly of deviation 1. */
function likelierModel(found: Tensor): { readonly model: string } | undefined {
  const fitting = publishedScalings
    .filter(({ scaling }) => scaling.latentChannels === found.shape[1])
    .map(({ name, scaling }) => ({ model: name, moments: momentsOf(normalizeLatents(found, scaling)) }))
    .filter(({ moments }) => isUsual(moments))
    .sort((a, b) => distance(a.moments) - distance(b.moments));
  return fitting[0];
}

interface Moments {
  readonly mean: number;
  readonly std: number;
  /** Share of the variance within the channels of each picture. */
  readonly amongPlaces: number;
}

const isUsual = ({ mean, std }: Moments): boolean =>
  std >= usual.least && std <= usual.most && Math.abs(mean) <= usual.mean;

const distance = ({ mean, std }: Moments): number => Math.abs(Math.log(std)) + Math.abs(mean);

function momentsOf(latents: Tensor): Moments {
  const { data, shape } = latents.toFloat32();
  const [batch, channels] = shape as [number, number];
  const places = data.length / (batch * channels);
  const mean = meanOf(data);
  let [all, among] = [0, 0];
  for (let first = 0; first < data.length; first += places) {
    const channel = data.subarray(first, first + places);
    const own = meanOf(channel);
    for (const value of channel) {
      all += (value - mean) ** 2;
      among += (value - own) ** 2;
    }
  }
  return { mean, std: Math.sqrt(all / data.length), amongPlaces: all > 0 ? among / all : 0 };
}

function meanOf(data: Float32Array): number {
  let sum = 0;
  for (const value of data) sum += value;
  return sum / data.length;
}
