/**
 * diffusers' tiled encoding and decoding, reproduced exactly: overlapping tiles, each processed alone, their
 * edges cross-faded. Every tile has its own normalisation statistics, so tones differ from tile to tile.
 *
 * @see diffusers, AutoencoderKL._tiled_encode and tiled_decode
 */
import { Tensor } from "../tensor/tensor.ts";
import { crop } from "./crop.ts";
import { tileStarts, type TileSizes } from "./tile-sizes.ts";

type Planes = Tensor<"float32">;

/**
 * Runs `process` on every tile of an input [N, C, H, W] and joins the results.
 *
 * @param process one tile [N, C, ≤ tile, ≤ tile] → its result.
 */
export async function processTiled(
  input: Planes,
  sizes: Omit<TileSizes, "join">,
  process: (tile: Planes) => Promise<Planes>,
): Promise<Planes> {
  const blend = Math.trunc(sizes.resultTile * sizes.overlap);
  const keep = sizes.resultTile - blend;
  const rows: Planes[][] = [];
  for (const top of tileStarts(input.shape[2]!, sizes)) {
    const row: Planes[] = [];
    for (const left of tileStarts(input.shape[3]!, sizes)) {
      row.push(await process(crop(input, top, left, sizes.tile, sizes.tile)));
    }
    rows.push(row);
  }
  // In place and in this order: a tile blends with neighbours that are blended already, as in diffusers.
  const kept = rows.map((row, i) =>
    row.map((tile, j) => {
      if (i > 0) blendEdge(rows[i - 1]![j]!, tile, blend, "height");
      if (j > 0) blendEdge(row[j - 1]!, tile, blend, "width");
      return crop(tile, 0, 0, keep, keep);
    }),
  );
  return assemble(kept);
}

/** Fades from the end of `before` into the beginning of `tile`, along one side, in place. */
function blendEdge(before: Planes, tile: Planes, extent: number, side: "height" | "width"): void {
  const [batch, channels, height, width] = tile.shape as [number, number, number, number];
  const [, , beforeHeight, beforeWidth] = before.shape as [number, number, number, number];
  const isVertical = side === "height";
  const length = isVertical ? Math.min(beforeHeight, height, extent) : Math.min(beforeWidth, width, extent);
  const lines = isVertical ? length : Math.min(height, beforeHeight);
  const columns = isVertical ? Math.min(width, beforeWidth) : length;
  for (let plane = 0; plane < batch * channels; plane++) {
    for (let y = 0; y < lines; y++) {
      for (let x = 0; x < columns; x++) {
        const weight = (isVertical ? y : x) / length;
        const beforeY = isVertical ? beforeHeight - length + y : y;
        const beforeX = isVertical ? x : beforeWidth - length + x;
        const from = before.data[(plane * beforeHeight + beforeY) * beforeWidth + beforeX]!;
        const index = (plane * height + y) * width + x;
        tile.data[index] = Math.fround(from * (1 - weight)) + Math.fround(tile.data[index]! * weight);
      }
    }
  }
}

/** Joins rows of tiles into one tensor. */
function assemble(rows: readonly (readonly Planes[])[]): Planes {
  const [batch, channels] = rows[0]![0]!.shape as [number, number];
  const height = rows.reduce((sum, row) => sum + row[0]!.shape[2]!, 0);
  const width = rows[0]!.reduce((sum, tile) => sum + tile.shape[3]!, 0);
  const out = Tensor.zeros([batch, channels, height, width]);
  let top = 0;
  for (const row of rows) {
    let left = 0;
    for (const tile of row) {
      paste(out, tile, top, left);
      left += tile.shape[3]!;
    }
    top += row[0]!.shape[2]!;
  }
  return out;
}

function paste(out: Planes, tile: Planes, top: number, left: number): void {
  const [batch, channels, height, width] = tile.shape as [number, number, number, number];
  const [, , outHeight, outWidth] = out.shape as [number, number, number, number];
  for (let plane = 0; plane < batch * channels; plane++) {
    for (let y = 0; y < height; y++) {
      const line = (plane * height + y) * width;
      out.data.set(tile.data.subarray(line, line + width), (plane * outHeight + top + y) * outWidth + left);
    }
  }
}
