/** Tiles of pixels → pictures. */
import type { GraphBuilder, Value } from "../graph/index.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Matrix } from "./winograd-matrices.ts";

/**
 * Puts the tiles of all channels in their places. This is ONNX's DepthToSpace, which ONNX Runtime computes number by
 * number on one thread; whole rows by Transpose and columns in turns by Concat take a third of the time.
 *
 * @param tiles [N, tile², C · T]: pixel (i, j) of every tile in row j · tile + i, column by column; T tiles in a picture,
 *   row by row.
 * @param size of the pictures, [N, C, H, W], H and W divisible by `tile`.
 */
export function joinTiles(builder: GraphBuilder, tiles: Value, tile: number, size: Shape): Value {
  const reshape = (x: Value, shape: Shape): Value => builder.apply("Reshape", [x], { shape });
  const [batch, channels, height, width] = size as [number, number, number, number];
  const [rowCount, columnCount] = [(channels * height) / tile, width / tile];
  const isSingle = batch === 1;
  const pixels = reshape(tiles, [...(isSingle ? [] : [batch]), tile, tile, rowCount, columnCount]);
  const perm = isSingle ? [0, 2, 1, 3] : [1, 0, 3, 2, 4];
  const rows = builder.apply("Transpose", [pixels], { perm }); // [j, N, C · H/tile, i, W/tile]
  return joinColumns(builder, reshape(rows, [tile, batch * rowCount * tile, columnCount]), size);
}

/**
 * Puts columns in turns: the first of every tile, the second of every tile, and so on.
 *
 * @param columns [tile, rows, T], rows with T tiles each.
 * @param size of the pictures whose rows these are.
 */
export function joinColumns(builder: GraphBuilder, columns: Value, size: Shape): Value {
  const [tile, rowCount, columnCount] = columns.shape as [number, number, number];
  const each = builder.apply("Reshape", [columns], { shape: [tile, rowCount, columnCount, 1] });
  const parts = Array.from({ length: tile }, (_, j) =>
    builder.apply("Slice", [each], { axes: [0], starts: [j], ends: [j + 1] }),
  );
  return builder.apply("Reshape", [builder.apply("Concat", parts, { axis: 3 })], { shape: size });
}

/** The rows of A ⊗ A, in the order of `joinTiles`. */
export function byColumns(matrix: Matrix, tile: number): Matrix {
  return matrix.map((_, index) => matrix[(index % tile) * tile + Math.floor(index / tile)]!);
}
