/** Upsampling by 2 and the 3x3 convolution after it: as four 2x2 convolutions of the small picture, or these in tiles. */
import { secondsOf, toSeconds, workOf, workOfTiles, type CostProfile } from "./cost-profile.ts";

/** The shape of an upsampling by 2 and the convolution after it. */
export interface UpsampledShape {
  readonly batch: number;
  readonly inChannels: number;
  readonly outChannels: number;
  /** Of the small picture. */
  readonly height: number;
  readonly width: number;
}

/** Pairs of pixels along a side of a tile, each of which gives two outputs. */
const pairs = 3;
/** Numbers of a transformed tile. */
const factors = (pairs + 1) ** 2;

/** Tiles down and across. The first pair lies half outside of the picture, and so may the last. */
export const pairTiles = ({ height, width }: Pick<UpsampledShape, "height" | "width">) =>
  [Math.ceil((height + 1) / pairs), Math.ceil((width + 1) / pairs)] as const;

/** Whether the tiles are faster by a profile's prices; without prices for them they are not. */
export function isFasterInTiles(shape: UpsampledShape, profile: CostProfile): boolean {
  const cost = profile.sidedTiles?.["4x4"];
  if (cost === undefined) return false;
  const { batch, inChannels, outChannels, height, width } = shape;
  const phases = 4 * secondsOf(workOf({ ...shape, taps: 4 }, "direct"), profile.direct);
  // What puts the four in their places: pairs of columns, then pairs of rows.
  const joining = toSeconds(2 * 4 * batch * outChannels * height * width * profile.element);
  const [down, across] = pairTiles(shape);
  const tiles = workOfTiles({
    inChannels,
    outChannels: 4 * outChannels,
    tiles: batch * down * across,
    factors,
  });
  return secondsOf(tiles, cost) < phases + joining;
}
