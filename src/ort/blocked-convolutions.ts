/**
 * Convolutions in ONNX Runtime's blocked layout, in which the channels of a pixel lie together in blocks of one vector of
 * the processor: x [N, C, H, W] is stored as [N, C / b, H, W, b].
 *
 * ONNX Runtime rewrites constant kernels itself (`graphOptimizationLevel: "all"`) and keeps a copy of them. Its operators also
 * take kernels that are rearranged in the graph, which serves weights that change, as in training, and weights that stay
 * mapped from their file.
 *
 * @see https://github.com/microsoft/onnxruntime/blob/main/onnxruntime/core/optimizer/nchwc_transformer.cc
 */
import type { Graph, Initializer, Node, NodeOf, Value, WeightGradient } from "../graph/index.ts";
import { sizeOf } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { rowsOfKernel, rowsOfTurnedKernel, singleChannelKernel, type Kernel } from "./blocked-kernels.ts";
import { isGradientFasterInBlocks, writeWeightGradient } from "./blocked-weight-gradient.ts";
import { BlockedWriter, type BlockedLayout, type Sink } from "./blocked-writer.ts";
import { int64s } from "../onnx/int64s.ts";

/** Pixels of the output, over all pictures, from which on rearranging the kernels costs less than it saves. */
const leastPixels = 512;

/** Elements of what constant kernels make: 16 MB. Where it is more than the cache holds, bringing it back out of blocks costs more. */
const mostElements = 2 ** 22;

type Conv = NodeOf<"Conv">;

export class BlockedConvolutions {
  readonly #writer: BlockedWriter;
  readonly #blockSize: number;
  readonly #constants: ReadonlyMap<string, Tensor>;
  /** Kernels by the name of those that they turn. */
  readonly #turned = new Map<string, Value>();
  /** Gradients that are written as convolutions, by name. */
  readonly #gradients = new Map<string, WeightGradient>();
  /** Nodes that nothing but what is written in another form reads. */
  readonly #left: ReadonlySet<string>;

  constructor(graph: Graph, layout: BlockedLayout, sink: Sink) {
    this.#writer = new BlockedWriter(layout, sink);
    this.#blockSize = layout.size;
    this.#constants = new Map(graph.initializers.flatMap(constantOf));
    for (const composite of graph.composites) {
      const { kind, output } = composite;
      if (kind === "TurnedKernel") this.#turned.set(output.name, composite.inputs[0]);
      if (kind === "WeightGradient" && isGradientFasterInBlocks(composite, layout))
        this.#gradients.set(output.name, composite);
    }
    this.#left = this.#unread(graph);
  }

  /** Whether a node is needed no more. */
  leavesOut({ output }: Node): boolean {
    return this.#left.has(output.name);
  }

  /** Writes a node in another form; false leaves it to the caller. */
  take(node: Node): boolean {
    const gradient = this.#gradients.get(node.output.name);
    if (gradient !== undefined) {
      writeWeightGradient(this.#writer, gradient);
      return true;
    }
    if (node.operator !== "Conv" || !this.#isFaster(node)) return false;
    this.#convolve(node);
    return true;
  }

  #isFaster(conv: Conv): boolean {
    return this.#constants.has(conv.inputs[1]!.name)
      ? isFasterWithConstants(conv, this.#blockSize)
      : isFasterInBlocks(conv, this.#blockSize);
  }

  /**
   * What makes turned kernels is not needed where they are rearranged from the kernels themselves, nor the products that
   * make a gradient where it is a convolution.
   */
  #unread(graph: Graph): ReadonlySet<string> {
    const left = new Set<string>();
    const reads = new Map<string, number>();
    const count = (name: string, change: number): number => {
      const total = (reads.get(name) ?? 0) + change;
      reads.set(name, total);
      return total;
    };
    for (const { name } of graph.outputs) count(name, 1);
    for (const { inputs } of graph.nodes) for (const { name } of inputs) count(name, 1);
    const sources = new Map(graph.nodes.map((node) => [node.output.name, node]));
    const leave = (name: string): void => {
      const node = sources.get(name);
      if (count(name, -1) > 0 || node === undefined) return;
      left.add(name);
      for (const input of node.inputs) leave(input.name);
    };
    for (const node of graph.nodes) {
      const gradient = this.#gradients.get(node.output.name);
      if (gradient !== undefined) {
        for (const { name } of gradient.inputs) count(name, 1);
        for (const { name } of node.inputs) leave(name);
        continue;
      }
      if (node.operator !== "Conv" || !this.#isFaster(node)) continue;
      const { name } = node.inputs[1]!;
      // The kernels themselves are still read.
      const source = this.#turned.get(name);
      if (source === undefined) continue;
      count(source.name, 1);
      leave(name);
    }
    return left;
  }

  #convolve({ inputs, attributes: { strides, pads }, output }: Conv): void {
    const [x, weight, bias] = inputs as [Value, Value, Value?];
    const [outChannels, , ...kernelShape] = weight.shape as Kernel;
    const blocks = `${output.name}:blocks`;
    const read = [this.#writer.inBlocks(x), this.#kernelInBlocks(weight)];
    this.#writer.blocked("Conv", bias === undefined ? read : [...read, bias.name], blocks, {
      kernel_shape: { ints: kernelShape },
      strides: { ints: strides },
      pads: { ints: pads },
    });
    this.#writer.blocked("ReorderOutput", [blocks], output.name, { channels: { int: outChannels } });
  }

  #kernelInBlocks(weight: Value): string {
    const constant = this.#constants.get(weight.name);
    const blocks = `${weight.name}:kernel in blocks`;
    if (constant !== undefined) {
      return this.#writer.constant(blocks, singleChannelKernel(constant, this.#blockSize));
    }
    if (this.#writer.isKnown(blocks)) return blocks;
    const source = this.#turned.get(weight.name);
    if (source !== undefined) this.#turn(source, weight.shape as Kernel, blocks);
    else this.#rearrange(weight, blocks);
    return blocks;
  }

  #rearrange({ name, shape }: Value, blocks: string): void {
    const [outChannels, inChannels, height, width] = shape as Kernel;
    const flat = this.#writer.reshape(name, `${blocks}:flat`, [1, outChannels, inChannels, height * width]);
    const rows = `${blocks}:rows`;
    this.#writer.blocked("ReorderInput", [flat], rows, {});
    const order = rowsOfKernel(shape as Kernel, this.#blockSize);
    this.#pick(rows, order, `kernel ${shape.join("x")}`, blocks, shape);
  }

  /** Turned kernels, from those that they turn. */
  #turn({ name }: Value, shape: Kernel, blocks: string): void {
    const rows = `${blocks}:rows`;
    this.#writer.blocked("ReorderInput", [name], rows, {});
    const order = rowsOfTurnedKernel(shape, this.#blockSize);
    this.#pick(rows, order, `turned kernel ${shape.join("x")}`, blocks, shape);
  }

  #pick(rows: string, order: readonly number[], key: string, output: string, shape: readonly number[]): void {
    const flat = this.#writer.reshape(rows, `${rows}:flat`, [order.length, this.#blockSize]);
    const indices = this.#writer.constant(`rows of ${key}`, int64s(order));
    const picked = this.#writer.plain("Gather", [flat, indices], `${rows}:picked`, { axis: { int: 0 } });
    this.#writer.reshape(picked, output, shape);
  }
}

/** Whether a convolution is faster in blocks although its kernels must be rearranged first. */
function isFasterInBlocks({ inputs, output }: Conv, blockSize: number): boolean {
  const [x, weight] = inputs as [Value, Value];
  if (x.dtype !== "float32" || x.shape.length !== 4) return false;
  const [outChannels, inChannels, height, width] = weight.shape as Kernel;
  const isWhole = outChannels % blockSize === 0 && inChannels % blockSize === 0;
  const pixels = output.shape[0]! * output.shape[2]! * output.shape[3]!;
  return isWhole && height * width > 1 && pixels >= leastPixels;
}

/** Channels of a block where a processor has vectors of 512 bits. How many they are hardly matters for an estimate. */
const usualBlockSize = 16;

/** Elements of the copies in blocks that a runtime may make for a node: of a convolution's input and output. */
export function elementsInBlocks(node: Node): number {
  if (node.operator !== "Conv" || !isFasterInBlocks(node, usualBlockSize)) return 0;
  return sizeOf(node.inputs[0]!.shape) + sizeOf(node.output.shape);
}

/** Constant kernels of a single channel, as those that transform tiles, are rearranged here, and blocks are filled up. */
function isFasterWithConstants({ inputs, output }: Conv, blockSize: number): boolean {
  const [x, weight] = inputs as [Value, Value];
  const isPlain = x.dtype === "float32" && inputs.length === 2;
  const isHalfFull = 2 * weight.shape[0]! > blockSize;
  return isPlain && isHalfFull && sizeOf(output.shape) <= mostElements;
}

/** A constant kernel of a single channel, by name. */
const constantOf = ({ value, data }: Initializer): [string, Tensor][] =>
  "constant" in data && value.shape.length === 4 && value.shape[1] === 1 ? [[value.name, data.constant]] : [];
