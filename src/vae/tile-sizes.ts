/**
 * How large diffusers' tiles are, where they begin, and which pictures they fit.
 *
 * diffusers cuts a tile every three quarters of a tile, also where only a sliver is left. A sliver of fewer pixels than
 * one latent has is too small for the encoder: there diffusers fails ("Kernel size can't be greater than actual input
 * size"), and here the side is cut to whole latents, which is what diffusers gives for the picture so cut.
 *
 * @see diffusers, AutoencoderKL._tiled_encode and tiled_decode
 */
import { VaekitError } from "../errors.ts";
import type { HalfTiles, ModelFacts, TileFacts } from "../models/index.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { crop } from "./crop.ts";
import type { Half } from "./options.ts";

/** Sides in elements: of a tile before the model (`tile`) and after it (`resultTile`). */
export interface TileSizes {
  readonly tile: number;
  readonly resultTile: number;
  /** From the beginning of a tile to that of the next. */
  readonly stride: number;
  /** The least side that the model takes. */
  readonly leastSide: number;
  /** Share of a tile that overlaps the next. */
  readonly overlap: number;
  readonly join: "fade" | "ramp";
}

/** With the longest side that needs no tiles. */
interface SizesOfHalf extends TileSizes {
  readonly most: number;
}

type Planes = Tensor<"float32">;

/** What is processed, and in which tiles. */
export interface Tiles {
  /** [N, C, H, W], with sides that the tiles fit. */
  readonly input: Planes;
  /** Undefined where one tile takes the whole. */
  readonly sizes?: TileSizes;
}

/**
 * The tiles of an input [N, C, H, W]. Sides that end with a sliver are cut.
 *
 * @throws INVALID_CONFIG where the config makes no tiles; INVALID_ARGUMENT for a model that has none, and where whole
 *   latents, too, end with a sliver, since the tiles do not begin at them.
 */
export function tilesFor(x: Planes, { tiles, spatialFactor }: ModelFacts, half: Half): Tiles {
  if (tiles === undefined) throw withoutTiles();
  const sizes = tileSizesOf(tiles, spatialFactor, half);
  if (sizes.join === "ramp") checkWholeLatents(x, sizes);
  if (!needsTiling(x, sizes)) return { input: x };
  if (sizes.stride === 0 || sizes.resultTile === 0) throw noTiles(tiles, spatialFactor, half);
  const [height, width] = x.shape.slice(2).map((side) => withoutSliver(side, sizes)) as [number, number];
  const input = height === x.shape[2] && width === x.shape[3] ? x : crop(x, 0, 0, height, width);
  if (!needsTiling(input, sizes)) return { input };
  for (const [name, side] of Object.entries({ height, width })) {
    if (hasSliver(side, sizes)) throw sliver(name, side, sizes, tiles);
  }
  return { input, sizes };
}

/** AutoencoderTiny fills sides up, for which diffusers' tiles leave no room. */
function checkWholeLatents({ shape }: Planes, { leastSide }: TileSizes): void {
  const [height, width] = shape.slice(2) as [number, number];
  if (height % leastSide === 0 && width % leastSide === 0) return;
  const message = `tiling "diffusers": expected sides of multiples of ${leastSide} pixels, found ${width}x${height} (diffusers fails, too); ${remedy}.`;
  throw new VaekitError("INVALID_ARGUMENT", message);
}

/** Where the tiles of one side begin. */
export function tileStarts(length: number, { stride }: Pick<TileSizes, "stride">): number[] {
  return Array.from({ length: Math.ceil(length / stride) }, (_, i) => i * stride);
}

/** How many tiles there are. */
export function tileCount({ input, sizes }: Tiles): number {
  if (sizes === undefined) return 1;
  return tileStarts(input.shape[2]!, sizes).length * tileStarts(input.shape[3]!, sizes).length;
}

function tileSizesOf(tiles: TileFacts, factor: number, half: Half): SizesOfHalf {
  const { overlap, join = "fade" } = tiles;
  const { tile, result, most } = tiles.halves?.[half] ?? sidesOf(tiles, half);
  const stride = Math.trunc(tile * (1 - overlap));
  return {
    tile,
    resultTile: result,
    stride,
    most,
    leastSide: half === "encoder" ? factor : 1,
    overlap,
    join,
  };
}

function sidesOf({ pixels, latents }: TileFacts, half: Half): HalfTiles {
  const [tile, result] = half === "encoder" ? [pixels, latents] : [latents, pixels];
  return { tile, result, most: tile };
}

function needsTiling({ shape: [, , height, width] }: Planes, { most }: SizesOfHalf): boolean {
  return width! > most || height! > most;
}

const lastTile = (length: number, sizes: TileSizes): number => length - tileStarts(length, sizes).at(-1)!;

const hasSliver = (length: number, sizes: TileSizes): boolean => lastTile(length, sizes) < sizes.leastSide;

function withoutSliver(length: number, sizes: TileSizes): number {
  return hasSliver(length, sizes) ? length - (length % sizes.leastSide) : length;
}

const remedy = 'take tiling "exact", which has no seams, or "off"';

function withoutTiles(): VaekitError {
  const message = `tiling "diffusers": expected a model that diffusers has tiles for, found one without; ${remedy}.`;
  return new VaekitError("INVALID_ARGUMENT", message);
}

function noTiles({ key, pixels }: TileFacts, factor: number, half: Half): VaekitError {
  const least = half === "encoder" ? Math.max(2, factor) : 2 * factor;
  const message =
    `tiling "diffusers": expected ${key} of at least ${least} pixels in the config, found ` +
    `${pixels}, which makes no tiles (diffusers fails, too); ${remedy}.`;
  return new VaekitError("INVALID_CONFIG", message);
}

function sliver(name: string, side: number, sizes: TileSizes, { key, pixels }: TileFacts): VaekitError {
  const { leastSide, stride } = sizes;
  let fitting = side - leastSide;
  while (fitting > 0 && hasSliver(fitting, sizes)) fitting -= leastSide;
  const cut = fitting > 0 ? `, or cut or resize the ${name} to ${fitting}` : "";
  const message =
    `tiling "diffusers": expected tiles of at least ${leastSide} pixels, found a last one of ` +
    `${lastTile(side, sizes)} in a ${name} of ${side}: ${key} ${pixels} makes a tile every ${stride} pixels ` +
    `(diffusers fails, too); ${remedy}${cut}.`;
  return new VaekitError("INVALID_ARGUMENT", message);
}
