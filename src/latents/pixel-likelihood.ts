/** What is known of p(x|z) before anything is decoded: the kind of distribution, and where its scale comes from. */

/** The distributions that have a scale. */
export const scaledDistributions = ["normal", "discretized_logistic"] as const;

/** Where the scale comes from. */
export const scaleKinds = ["fixed", "shared", "per_channel", "per_value", "optimal"] as const;

/** Pixels in [-1, 1] or in [0, 1]. */
export type PixelRange = "signed" | "unit";

/** How the values of a picture are distributed around what the decoder gives. */
export type PixelLikelihood = ScaledPixels | CategoricalPixels;

/** A distribution with a mean and a scale. */
export interface ScaledPixels {
  /** A normal density, or a logistic one summed over the bins of the pixels' levels. */
  readonly distribution: (typeof scaledDistributions)[number];
  /**
   * "fixed": a constant; "shared": one learned number; "per_channel": one for each channel; "per_value": what the decoder gives for each
   * value; "optimal", in training: one number, the most likely one for each batch.
   */
  readonly scale: (typeof scaleKinds)[number];
  /** The fixed scale, or the one that training begins with, in the pixels' units: σ of a normal, s of a logistic distribution. */
  readonly initialScale: number;
  /** What no scale falls below; null for a fixed one. */
  readonly minScale: number | null;
  /** How many values a pixel can have, 256 for 8 bits; null for continuous ones. */
  readonly levels: number | null;
}

/** The most levels of a categorical distribution, each of which costs an output for each value. */
export const maxCategoricalLevels = 16;

/** A probability of its own for each level that a value can have. */
export interface CategoricalPixels {
  /** What tells it from a distribution with a scale. */
  readonly distribution: "categorical";
  /** How many levels there are; a value is rounded to the nearest. */
  readonly levels: number;
}

/** Whether the distribution has a scale. */
export const hasScale = (likelihood: PixelLikelihood): likelihood is ScaledPixels =>
  likelihood.distribution !== "categorical";

/** The same likelihood with a scale that was measured. */
export function withFixedScale(likelihood: ScaledPixels, scale: number): ScaledPixels {
  return { ...likelihood, scale: "fixed", initialScale: scale, minScale: null };
}

/** The lowest level; the highest is 1. */
export const lowestLevel = (range: PixelRange): number => (range === "signed" ? -1 : 0);

/** The distance of two neighbouring levels. */
export const levelWidth = (levels: number, range: PixelRange): number =>
  (range === "signed" ? 2 : 1) / (levels - 1);

/**
 * What is taken off a density's bits for each value to make them those of a probability: log2 of the distance of two levels. The density
 * times that distance is the probability of a level, to 1e-8 where σ is at least one level. 0 for what is a probability already, and for
 * continuous values, which allow no correction.
 */
export function bitsOfLevel(
  { distribution, levels }: { readonly distribution: string; readonly levels: number | null },
  range: PixelRange,
): number {
  return distribution === "normal" && levels !== null ? Math.log2(levelWidth(levels, range)) : 0;
}
