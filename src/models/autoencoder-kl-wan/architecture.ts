/** What decides the graphs of the three classes, whatever the keys of their configs are called. */
import { VaekitError } from "../../errors.ts";
import type { ModelFacts, TileFacts } from "../model.ts";

export interface Architecture {
  /** Channels of the pictures that are encoded. */
  readonly inChannels: number;
  /** Channels of the pictures that are decoded. */
  readonly outChannels: number;
  /** Latent channels, L. */
  readonly latentChannels: number;
  /** Channels of the encoder at the highest resolution, before `multiples`. */
  readonly encoderWidth: number;
  /** Channels of the decoder at the highest resolution, before `multiples`. */
  readonly decoderWidth: number;
  /** What the width is multiplied by in each level, highest resolution first. */
  readonly multiples: readonly number[];
  /** Residual blocks of each encoder level; the decoder has one more. */
  readonly blocksPerLevel: number;
  /** Of each level but the last: whether its downsampling also joins frames. */
  readonly isTemporal: readonly boolean[];
  /** Whether levels have shortcuts around them (Wan 2.2, Qwen-Image-2.1). */
  readonly isResidual: boolean;
  /** The side of the squares of pixels that the network sees as one; 1 for none. */
  readonly patchSize: number;
  /** Whether the file's kernels have an axis of time, of which a picture meets the last place. */
  readonly hasTime: boolean;
}

/** How many pixels one latent covers along each side. */
export const factorOf = ({ multiples, patchSize }: Architecture): number =>
  patchSize * 2 ** (multiples.length - 1);

/** diffusers' tiles in these classes, in what the network sees as pixels. */
const tileSide = 256;

/** Patches are cut into tiles as if they were pixels, but whether there are tiles is asked of pixels. */
function tilesOf(architecture: Architecture): TileFacts {
  const { patchSize } = architecture;
  const factor = factorOf(architecture);
  const latents = Math.trunc(tileSide / factor);
  return {
    key: "tile_sample_min_height",
    pixels: tileSide,
    latents,
    overlap: 0.25,
    halves: {
      encoder: { tile: tileSide * patchSize, result: latents * patchSize, most: tileSide },
      decoder: { tile: latents, result: Math.trunc(tileSide / patchSize), most: latents },
    },
  };
}

export function factsOf(architecture: Architecture): ModelFacts {
  const { inChannels, outChannels, latentChannels, isResidual, patchSize } = architecture;
  const spatialFactor = factorOf(architecture);
  return {
    inChannels,
    outChannels,
    latentChannels,
    spatialFactor,
    sizes: isResidual || patchSize > 1 ? "refused" : "down",
    layout: "planes",
    isOfFrames: true,
    pixelRange: "signed",
    tiles: tilesOf(architecture),
  };
}

/** The channels of the encoder's levels, after those that enter the first. */
export const encoderWidths = ({ encoderWidth, multiples }: Architecture): number[] =>
  [1, ...multiples].map((multiple) => encoderWidth * multiple);

/** The channels of the decoder's levels, lowest resolution first, after those that enter the first. */
export const decoderWidths = ({ decoderWidth, multiples }: Architecture): number[] =>
  [multiples.at(-1)!, ...multiples.toReversed()].map((multiple) => decoderWidth * multiple);

/** How many frames a level's resampling joins. */
export const framesOf = ({ isTemporal }: Architecture, level: number): 1 | 2 =>
  isTemporal[level] === true ? 2 : 1;

/** @throws INVALID_CONFIG when a value makes no network beside another. */
export function checkArchitecture(architecture: Architecture, subject: string): void {
  const { multiples, isTemporal, isResidual } = architecture;
  const between = multiples.length - 1;
  if (isTemporal.length !== between) {
    throw invalid(
      subject,
      `${between} values in temperal_downsample, one fewer than in dim_mult, found ${isTemporal.length}`,
    );
  }
  if (isResidual) checkShortcuts(architecture, subject);
}

/** The shortcut around a level joins or repeats whole groups of channels. */
function checkShortcuts(architecture: Architecture, subject: string): void {
  const encoder = encoderWidths(architecture);
  const decoder = decoderWidths(architecture);
  const last = architecture.multiples.length - 1;
  for (let level = 0; level <= last; level++) {
    const joined = level === last ? 1 : 4 * framesOf(architecture, level);
    const [before, after] = encoder.slice(level) as [number, number];
    if ((before * joined) % after !== 0) throw ragged(subject, [before, after], joined);
    if (level === last) continue;
    const repeated = 4 * framesOf(architecture, last - 1 - level);
    const [low, high] = decoder.slice(level) as [number, number];
    if ((high * repeated) % low !== 0) throw ragged(subject, [high, low], repeated);
  }
}

const ragged = (subject: string, [a, b]: readonly [number, number], times: number): VaekitError =>
  invalid(
    subject,
    `dim_mult whose levels' channels divide each other times ${times}, as shortcuts need, found ${a} and ${b} channels`,
  );

const invalid = (subject: string, expected: string): VaekitError =>
  new VaekitError("INVALID_CONFIG", `${subject}: expected ${expected}.`);
