/**
 * The tiled encoding and decoding of diffusers' AutoencoderTiny, reproduced exactly: each tile is laid over what is there,
 * from nothing at its first row and column up to the whole where its neighbour ends.
 *
 * @see diffusers, AutoencoderTiny._tiled_encode and _tiled_decode
 */
import { Tensor } from "../tensor/tensor.ts";
import { crop } from "./crop.ts";
import { tileStarts, type TileSizes } from "./tile-sizes.ts";

type Planes = Tensor<"float32">;

/**
 * Runs `process` on every tile of an input [N, C, H, W] and lays the results over each other.
 *
 * @param process one tile [N, C, ≤ tile, ≤ tile] → its result.
 */
export async function processRamped(
  input: Planes,
  sizes: TileSizes,
  process: (tile: Planes) => Promise<Planes>,
): Promise<Planes> {
  const [height, width] = input.shape.slice(2) as [number, number];
  const scaled = (length: number): number => (length * sizes.resultTile) / sizes.tile;
  let out: Planes | undefined;
  for (const top of tileStarts(height, sizes)) {
    for (const left of tileStarts(width, sizes)) {
      const tile = await process(crop(input, top, left, sizes.tile, sizes.tile));
      out ??= Tensor.zeros([...tile.shape.slice(0, 2), scaled(height), scaled(width)]);
      layOver(out, tile, { top: scaled(top), left: scaled(left) }, rampOf(sizes));
    }
  }
  return out!;
}

/** The share of a tile in its rows, or columns, of whatever number: 0 for the first, 1 from the overlap's last on. */
function rampOf({ resultTile, overlap }: TileSizes): (index: number) => number {
  const last = Math.trunc(resultTile * overlap) - 1;
  return (index) => Math.min(1, Math.fround(index / last));
}

function layOver(
  out: Planes,
  tile: Planes,
  { top, left }: { readonly top: number; readonly left: number },
  ramp: (index: number) => number,
): void {
  const [batch, channels, height, width] = tile.shape as [number, number, number, number];
  const [, , outHeight, outWidth] = out.shape as [number, number, number, number];
  for (let plane = 0; plane < batch * channels; plane++) {
    for (let y = 0; y < height; y++) {
      const down = top === 0 ? 1 : ramp(y);
      for (let x = 0; x < width; x++) {
        const share = Math.fround(down * (left === 0 ? 1 : ramp(x)));
        const place = (plane * outHeight + top + y) * outWidth + left + x;
        const own = Math.fround(share * tile.data[(plane * height + y) * width + x]!);
        out.data[place] = own + Math.fround(Math.fround(1 - share) * out.data[place]!);
      }
    }
  }
}
