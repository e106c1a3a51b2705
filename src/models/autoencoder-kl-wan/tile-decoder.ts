/** How these classes make pixels of tiles that were decoded and cross-faded. */
import { Tensor } from "../../tensor/tensor.ts";

/** Squares of pixels out of channels, of which the column counts first. x [N, C · side², h, w] → [N, C, h · side, w · side] */
export function withoutPatches(x: Tensor<"float32">, side: number): Tensor<"float32"> {
  if (side === 1) return x;
  const [batch, features, height, width] = x.shape as [number, number, number, number];
  const channels = features / side ** 2;
  const out = Tensor.zeros([batch, channels, height * side, width * side]);
  for (let plane = 0; plane < batch * features; plane++) {
    const [target, place] = [Math.floor(plane / side ** 2), plane % side ** 2];
    const [column, row] = [Math.floor(place / side), place % side];
    for (let y = 0; y < height; y++) {
      const from = (plane * height + y) * width;
      const to = (target * height * side + y * side + row) * width * side + column;
      for (let at = 0; at < width; at++) out.data[to + at * side] = x.data[from + at]!;
    }
  }
  return out;
}

/** Limits values to [-1, 1]. */
export const clamped = (x: Tensor<"float32">): Tensor<"float32"> =>
  Tensor.from(
    x.data.map((value) => Math.max(-1, Math.min(1, value))),
    x.shape,
  );
