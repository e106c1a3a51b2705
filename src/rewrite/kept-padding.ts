/**
 * Convolutions whose padding ONNX Runtime's WebGPU provider forgets. It computes two kinds as one product of matrices: kernels of one
 * element, and kernels as large as the map. Before it does, it looks whether the map is padded above and on the left, not
 * whether it is below and on the right: with such pads all results but the first few stay zero.
 */
import type { NodeOf } from "../graph/index.ts";
import type { RewriteRule } from "./rewriter.ts";

/**
 * Pads above and on the left as well, by one step of the kernel, and takes away the row and the column that come of it. (A Pad before the
 * convolution would not do: ONNX Runtime puts it back into the convolution.)
 */
export const keptPadding: RewriteRule = (node, { builder, at }) => {
  if (node.operator !== "Conv" || !losesPadding(node)) return undefined;
  const { strides, pads } = node.attributes;
  const [down, right] = strides;
  const more = builder.apply("Conv", node.inputs.map(at), {
    ...node.attributes,
    pads: [down, right, pads[2], pads[3]],
  });
  const ends = more.shape.slice(2); // [H + 1, W + 1]
  return builder.apply("Slice", [more], { axes: [2, 3], starts: [1, 1], ends });
};

function losesPadding({ attributes: { pads }, inputs }: NodeOf<"Conv">): boolean {
  const [top, left, bottom, right] = pads;
  const [[, , ...map], [, , ...kernel]] = inputs.map(({ shape }) => shape) as [number[], number[]];
  const isProduct = kernel.every((side) => side === 1) || kernel.join() === map.join();
  return map.length === 2 && isProduct && top === 0 && left === 0 && (bottom > 0 || right > 0);
}
