/**
 * Which convolutions are worth a layout in which the channels of a pixel lie together in blocks of one vector of the processor. Graphs carry
 * the answer as a label; a runtime that has such a layout obeys, where the channels fill its blocks.
 */
import type { Composite, Graph, Node, NodeOf, Value, WeightGradient } from "../graph/index.ts";
import { sizeOf } from "../tensor/shape.ts";

type Sizes = readonly [number, number, number, number];

/** Channels of the smallest blocks that there are. */
const leastBlock = 8;

/** Pixels of the output, over all pictures, from which on rearranging the kernels costs less than it saves. */
const leastPixels = 512;

/** Elements of what constant kernels make: 16 MB. Where it is more than the cache holds, bringing it back out of blocks costs more. */
const mostElements = 2 ** 22;

/** Of input and output channels: with more, Winograd's form of a gradient gains more (training.ts). */
const mostChannelPairs = 64 ** 2;
/** Of a picture: with fewer, what a gradient takes for kernels is too small for what it costs besides. */
const leastGradientPixels = 256;

/** The graph, with labels on the convolutions and the gradients of kernels that are worth it. The last step before it runs. */
export function withBlocks(graph: Graph): Graph {
  const constants = new Set(
    graph.initializers.flatMap(({ value, data }) => ("constant" in data ? value.name : [])),
  );
  /** Values that such convolutions leave in blocks. */
  const inBlocks = new Set<string>();
  const nodes = graph.nodes.map((node): Node => {
    const { operator, inputs, output } = node;
    const staysInBlocks = operator === "Relu" || operator === "Add";
    if (staysInBlocks && inputs.some(({ name }) => inBlocks.has(name))) inBlocks.add(output.name);
    if (operator !== "Conv") return node;
    const hasFewOutputs = inBlocks.has(inputs[0]!.name) && isWorthFillingUp(node);
    if (!hasFewOutputs && !isWorthBlocks(node, constants)) return node;
    if (!hasFewOutputs) inBlocks.add(output.name);
    return { ...node, labels: { ...node.labels, inBlocks: true } };
  });
  const composites = graph.composites.map((composite): Composite => {
    if (composite.kind !== "WeightGradient" || !isGradientWorthBlocks(composite)) return composite;
    return { ...composite, inBlocks: true };
  });
  return { ...graph, nodes, composites };
}

function isWorthBlocks(conv: NodeOf<"Conv">, constants: ReadonlySet<string>): boolean {
  const [x, weight] = conv.inputs as [Value, Value];
  const { group = 1 } = conv.attributes;
  if (x.dtype !== "float32" || x.shape.length !== 4 || group > 1) return false;
  // Constant kernels of a single channel, as those that transform tiles, are rearranged beforehand, and blocks are filled up.
  const isRearranged = constants.has(weight.name) && weight.shape[1] === 1;
  return isRearranged
    ? conv.inputs.length === 2 && sizeOf(conv.output.shape) <= mostElements
    : isWorthRearranging(conv);
}

/** Although kernels that change from run to run, or stay mapped from their file, must be rearranged first. */
function isWorthRearranging({ inputs, output }: NodeOf<"Conv">): boolean {
  const [outChannels, inChannels, height, width] = inputs[1]!.shape as Sizes;
  const pixels = output.shape[0]! * output.shape[2]! * output.shape[3]!;
  return fillsBlocks(outChannels, inChannels) && height * width > 1 && pixels >= leastPixels;
}

/** Few outputs, which leave a block open, of what is there in blocks: what they do not need is computed, too, and nothing is brought out. */
function isWorthFillingUp({ inputs, attributes: { group = 1 }, output }: NodeOf<"Conv">): boolean {
  const [x, weight] = inputs as [Value, Value];
  const [outChannels, inChannels, height, width] = weight.shape as Sizes;
  const pixels = output.shape[0]! * output.shape[2]! * output.shape[3]!;
  const isPlain = x.dtype === "float32" && x.shape.length === 4 && group === 1;
  const isOpen = outChannels < leastBlock && inChannels % leastBlock === 0;
  return isPlain && isOpen && height * width > 1 && pixels >= leastPixels;
}

function isGradientWorthBlocks({ inputs: [x, dy], output }: WeightGradient): boolean {
  const [, , height, width] = dy.shape as Sizes;
  const [outChannels, inChannels, kernelHeight, kernelWidth] = output.shape as Sizes;
  return (
    x.dtype === "float32" &&
    fillsBlocks(outChannels, inChannels) &&
    kernelHeight * kernelWidth > 1 &&
    height * width >= leastGradientPixels &&
    outChannels * inChannels <= mostChannelPairs
  );
}

const fillsBlocks = (outChannels: number, inChannels: number): boolean =>
  outChannels % leastBlock === 0 && inChannels % leastBlock === 0;
