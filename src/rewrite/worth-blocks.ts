/**
 * Which convolutions are worth ONNX Runtime's blocked layout, in which the channels of a pixel lie together in blocks. What the
 * layout can do at all is the runtime's affair; this is only when it gains.
 */
import type { Graph, Node, NodeOf, Value, WeightGradient } from "../graph/index.ts";
import { sizeOf } from "../tensor/shape.ts";

/** Whether a part of a graph shall be written in blocks, where it can be. */
export type IsWorthBlocks = (part: NodeOf<"Conv"> | WeightGradient) => boolean;

type Sizes = readonly [number, number, number, number];

/** Pixels of the output, over all pictures, from which on rearranging the kernels costs less than it saves. */
const leastPixels = 512;

/** Elements of what constant kernels make: 16 MB. Where it is more than the cache holds, bringing it back out of blocks costs more. */
const mostElements = 2 ** 22;

/** @param blockSize channels of a block */
export function worthBlocks({ initializers }: Graph, blockSize: number): IsWorthBlocks {
  const constants = new Set(
    initializers.flatMap(({ value, data }) => ("constant" in data && value.shape[1] === 1 ? value.name : [])),
  );
  return (part) => {
    if ("kind" in part) return isGradientWorthBlocks(part, blockSize);
    const isConstant = constants.has(part.inputs[1]!.name);
    return isConstant ? isConstantWorthBlocks(part, blockSize) : isChangingWorthBlocks(part, blockSize);
  };
}

/** Although kernels that change from run to run, or stay mapped from their file, must be rearranged first. */
function isChangingWorthBlocks({ inputs, output }: NodeOf<"Conv">, blockSize: number): boolean {
  const [x, weight] = inputs as [Value, Value];
  if (x.dtype !== "float32" || x.shape.length !== 4) return false;
  const [outChannels, inChannels, height, width] = weight.shape as Sizes;
  const isWhole = outChannels % blockSize === 0 && inChannels % blockSize === 0;
  const pixels = output.shape[0]! * output.shape[2]! * output.shape[3]!;
  return isWhole && height * width > 1 && pixels >= leastPixels;
}

/** Constant kernels of a single channel, as those that transform tiles, are rearranged beforehand, and blocks are filled up. */
function isConstantWorthBlocks({ inputs, output }: NodeOf<"Conv">, blockSize: number): boolean {
  const [x, weight] = inputs as [Value, Value];
  const isPlain = x.dtype === "float32" && inputs.length === 2;
  const isHalfFull = 2 * weight.shape[0]! > blockSize;
  return isPlain && isHalfFull && sizeOf(output.shape) <= mostElements;
}

/** Of input and output channels: with more, Winograd's form of a gradient gains more (nn/winograd.ts). */
const mostChannelPairs = 64 ** 2;
/** Of a picture: with fewer, what a gradient takes for kernels is too small for what it costs besides. */
const leastGradientPixels = 256;

function isGradientWorthBlocks({ inputs: [x, dy], output }: WeightGradient, blockSize: number): boolean {
  const [batch, , height, width] = dy.shape as Sizes;
  const [outChannels, inChannels, kernelHeight, kernelWidth] = output.shape as Sizes;
  const isWhole = outChannels % blockSize === 0 && inChannels % blockSize === 0;
  // A thread takes whole rows of outputs, and a picture has only as many as the kernel.
  const isShared = batch > 1 || inChannels > blockSize;
  return (
    x.dtype === "float32" &&
    isWhole &&
    isShared &&
    kernelHeight * kernelWidth > 1 &&
    height * width >= leastGradientPixels &&
    outChannels * inChannels <= mostChannelPairs
  );
}

/** Channels of a block where a processor has vectors of 512 bits. How many they are hardly matters for an estimate. */
const usualBlockSize = 16;

/** Elements of the copies in blocks that a runtime may make for a node: of a convolution's input and output. */
export function elementsInBlocks(node: Node): number {
  if (node.operator !== "Conv" || !isChangingWorthBlocks(node, usualBlockSize)) return 0;
  return sizeOf(node.inputs[0]!.shape) + sizeOf(node.output.shape);
}
