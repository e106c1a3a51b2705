/** Parts of pictures. */
import { Tensor } from "../tensor/tensor.ts";

/** A copy of x[..., top : top + height, left : left + width], cut at the border. */
export function crop(
  x: Tensor<"float32">,
  top: number,
  left: number,
  height: number,
  width: number,
): Tensor<"float32"> {
  const [batch, channels, fullHeight, fullWidth] = x.shape as [number, number, number, number];
  const bottom = Math.min(top + height, fullHeight);
  const right = Math.min(left + width, fullWidth);
  const out = Tensor.zeros([batch, channels, bottom - top, right - left]);
  let target = 0;
  for (let plane = 0; plane < batch * channels; plane++) {
    for (let y = top; y < bottom; y++) {
      const line = (plane * fullHeight + y) * fullWidth;
      out.data.set(x.data.subarray(line + left, line + right), target);
      target += right - left;
    }
  }
  return out;
}
