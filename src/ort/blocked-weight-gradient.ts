/**
 * The gradient of a convolution's kernels as a convolution in blocks: x is the picture and dy the kernel.
 *
 * In blocks, dy [N, Cout / b, H', W', b] lies in memory as the kernels of N · Cout outputs and one input do; one group for
 * each example, so that no example's kernel meets another's picture. And x [N, Cin / b, H, W, b] is a picture of W · b
 * columns: kernels whose taps are b columns apart take one channel of each pixel, and where they begin says which. So the
 * outputs of a row are the taps of a row and the channels of a block, and nothing is copied for the taps' sake but x
 * once, for the zeros at its sides.
 */
import type { Value, WeightGradient } from "../graph/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { BlockedLayout, BlockedWriter } from "./blocked-writer.ts";
import { int64s } from "../onnx/int64s.ts";

type Picture = readonly [batch: number, channels: number, height: number, width: number];

/**
 * Whether a gradient can be written so, and by more than one thread: blocks are whole, an example's group has fewer channels than one, and
 * there is more than one example or block, as a thread takes whole rows of outputs, and a picture has only as many as the kernel.
 */
export function canBeInBlocks(
  { inputs: [x, dy], output }: WeightGradient,
  { size, hasGroups }: BlockedLayout,
): boolean {
  const [batch] = dy.shape as Picture;
  const [outChannels, inChannels] = output.shape as Picture;
  const isWhole = outChannels % size === 0 && inChannels % size === 0;
  const isShared = batch > 1 || inChannels > size;
  return hasGroups && x.dtype === "float32" && isWhole && isShared && batch < size;
}

/** Writes the nodes that make `output`. */
export function writeWeightGradient(writer: BlockedWriter, gradient: WeightGradient): void {
  const { output, inputs, pads } = gradient;
  const { size } = writer.layout;
  const [batch, , height, width] = inputs[1].shape as Picture;
  const [outChannels, inChannels, kernelHeight, kernelWidth] = output.shape as Picture;
  const inBlocks = inChannels / size;
  const name = (part: string): string => `${output.name}:${part}`;

  const pictures = asPictures(writer, gradient);
  const kernels = { name: name("kernels"), shape: [batch * outChannels, 1, height, width] };
  writer.reshape(writer.inBlocks(inputs[1]), kernels.name, kernels.shape);
  // [Cin / b, N · Cout, kH, kW · b], in blocks
  const products = writer.convolve(
    {
      x: pictures,
      kernels,
      group: batch,
      dilations: { ints: [1, size] },
      pads: { ints: [pads[0], 0, pads[2], 0] },
      strides: { ints: [1, 1] },
    },
    name("products"),
  );
  const taps = kernelHeight * kernelWidth;
  const each = writer.reshape(products, name("each"), [inBlocks, batch, outChannels * taps * size]);
  const axes = writer.constant("axes 1", int64s([1]));
  const sum = writer.plain("ReduceSum", [each, axes], name("sum"), { keepdims: { int: 0 } });
  // [Cin / b, Cout / b, kH · kW · b, b] → [Cin / b, Cout, kH · kW, b] → [Cin / b, Cout, b, kH · kW]
  const outer = { name: name("outer"), shape: [inBlocks, outChannels, taps, size] };
  writer.reshape(sum, outer.name, outer.shape);
  const rows = writer.reorderOutput(outer, outChannels, name("rows of taps"));
  const inner = { name: name("inner"), shape: [inBlocks * outChannels, size, kernelHeight, kernelWidth] };
  writer.reshape(rows, inner.name, inner.shape);
  const ordered = writer.reorderOutput(inner, size, name("ordered"));
  if (inBlocks === 1) {
    writer.reshape(ordered, output.name, output.shape);
    return;
  }
  const blocks = writer.reshape(ordered, name("blocks"), [inBlocks, outChannels, size * taps]);
  const swapped = writer.plain("Transpose", [blocks], name("swapped"), { perm: { ints: [1, 0, 2] } });
  writer.reshape(swapped, output.name, output.shape);
}

/** x as [Cin / b, N, H, W · b], with the zeros at the left and the right that the convolution saw. */
function asPictures(
  writer: BlockedWriter,
  { inputs: [x], output, pads }: WeightGradient,
): Pick<Value, "name" | "shape"> {
  const { size } = writer.layout;
  const [batch, channels, height, width] = x.shape as Picture;
  const blocks = channels / size;
  const name = (part: string): string => `${output.name}:${part}`;
  const edge = (pixels: number): string[] => {
    if (pixels === 0) return [];
    const shape = [batch, blocks, height, pixels * size];
    return [writer.constant(`zeros ${shape.join("x")}`, Tensor.zeros(shape))];
  };
  const rows = writer.reshape(writer.inBlocks(x), name("rows"), [batch, blocks, height, width * size]);
  const [left, right] = [edge(pads[1]), edge(pads[3])];
  const isPadded = left.length + right.length > 0;
  const padded = isPadded
    ? writer.plain("Concat", [...left, rows, ...right], name("padded"), { axis: { int: 3 } })
    : rows;
  const columns = (pads[1] + width + pads[3]) * size;
  const pictures = { name: name("pictures"), shape: [blocks, batch, height, columns] };
  if (blocks === 1) writer.reshape(padded, pictures.name, pictures.shape);
  else writer.plain("Transpose", [padded], pictures.name, { perm: { ints: [1, 0, 2, 3] } });
  return pictures;
}
