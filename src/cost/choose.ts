/** Which algorithm computes a convolution. */
import type { NodeOf } from "../graph/index.ts";
import {
  secondsOf,
  shapeOfConvolution,
  sidedTiles,
  tileSizes,
  workOf,
  type Algorithm,
  type ConvolutionShape,
  type CostProfile,
  type SidedTile,
  type TileSize,
} from "./cost-profile.ts";
import { isWinogradable } from "./forms.ts";

/** Which 3x3 convolutions of stride 1 become tiles of which size; undefined leaves one as it is. */
export type ChooseTile = (conv: NodeOf<"Conv">) => TileSize | undefined;

/** The same, with tiles that are transformed side by side among them. */
export type ChooseForm = (conv: NodeOf<"Conv">) => TileSize | SidedTile | undefined;

export interface ChooseOptions {
  /** The tiles that may be chosen. @default 2 and 4; tiles of 6 round several times worse */
  readonly tiles?: readonly TileSize[];
}

/** An algorithm that is not clearly faster is not worth its memory and its rounding. */
const leastGain = 1.08;

export interface ConvolutionPlan {
  readonly algorithm: Algorithm;
  readonly seconds: number;
  /** What the direct algorithm would take. */
  readonly directSeconds: number;
}

/** The seconds of a 3x3 convolution of stride 1 by an algorithm; undefined where the profile has no price for it. */
export function estimateConvolution(
  shape: ConvolutionShape,
  algorithm: Algorithm,
  profile: CostProfile,
): number | undefined {
  const cost = algorithm === "direct" ? profile.direct : profile.tiles[algorithm];
  return cost === undefined ? undefined : secondsOf(workOf(shape, algorithm), cost);
}

export function planConvolution(
  node: NodeOf<"Conv">,
  profile: CostProfile,
  options: ChooseOptions = {},
): ConvolutionPlan {
  const shape = shapeOfConvolution(node);
  return isWinogradable(node) ? planShape(shape, profile, options) : planShape(shape, profile, { tiles: [] });
}

/** The fastest algorithm of a 3x3 convolution with stride 1. */
export function planShape(
  shape: ConvolutionShape,
  profile: CostProfile,
  { tiles = [2, 4] }: ChooseOptions = {},
): ConvolutionPlan {
  const directSeconds = secondsOf(workOf(shape, "direct"), profile.direct);
  let plan: ConvolutionPlan = { algorithm: "direct", seconds: directSeconds, directSeconds };
  for (const algorithm of tileSizes.filter((tile) => tiles.includes(tile))) {
    const seconds = estimateConvolution(shape, algorithm, profile);
    if (seconds === undefined || seconds * leastGain > directSeconds || seconds >= plan.seconds) continue;
    plan = { algorithm, seconds, directSeconds };
  }
  return plan;
}

/** The fastest algorithm by a profile, for the rewrite. */
export function chooseTile(profile: CostProfile, options: ChooseOptions = {}): ChooseTile {
  return (node) => {
    const { algorithm } = planConvolution(node, profile, options);
    return algorithm === "direct" ? undefined : algorithm;
  };
}

/** The same for a graph that runs as a whole: of the tiles that `choose` names or leaves out, those that are transformed side by side may be faster. */
export function chooseForm(profile: CostProfile): ChooseForm {
  const prices = profile.sidedTiles;
  if (prices === undefined) return chooseTile(profile);
  return (node) => {
    const { algorithm, seconds, directSeconds } = planConvolution(node, profile);
    let best: ReturnType<ChooseForm> = algorithm === "direct" ? undefined : algorithm;
    if (!isWinogradable(node)) return best;
    let least = seconds;
    for (const tile of sidedTiles) {
      const sided = secondsOf(workOf(shapeOfConvolution(node), tile), prices[tile]);
      if (sided * leastGain > directSeconds || sided >= least) continue;
      [best, least] = [tile, sided];
    }
    return best;
  };
}
