/** Which forms there are of a convolution beside Conv itself, and where a form without a price gains. */
import type { Node, NodeOf } from "../graph/index.ts";
import { sizeOf } from "../tensor/shape.ts";

const isInGroups = ({ attributes: { group = 1 } }: NodeOf<"Conv">): boolean => group > 1;

const hasUnitStride = ({ attributes: { strides } }: NodeOf<"Conv">): boolean =>
  strides.every((stride) => stride === 1);

/** Whether a node is a convolution that Winograd's algorithm is for: 3x3, stride 1. */
export function isWinogradable(node: Node): node is NodeOf<"Conv"> {
  if (node.operator !== "Conv" || isInGroups(node)) return false;
  const [height, width] = node.inputs[1]!.shape.slice(2);
  return height === 3 && width === 3 && hasUnitStride(node);
}

/** Whether a convolution is a product of every pixel's channels with one matrix, which it then is where the channels are last. */
export const isProduct = (conv: NodeOf<"Conv">): boolean =>
  !isInGroups(conv) &&
  sizeOf(conv.inputs[1]!.shape.slice(2)) === 1 &&
  hasUnitStride(conv) &&
  conv.attributes.pads.every((zeros) => zeros === 0);

/**
 * Whether one product for all taps, and adding these up, is faster than gathering the input, where the channels are last: the taps of
 * all outputs are fewer than half of the input's channels, so that copies of them cost little.
 */
export function hasFewOutputs(conv: NodeOf<"Conv">): boolean {
  const [outChannels, inChannels, height, width] = conv.inputs[1]!.shape as [number, number, number, number];
  return !isInGroups(conv) && hasUnitStride(conv) && 2 * height * width * outChannels <= inChannels;
}
