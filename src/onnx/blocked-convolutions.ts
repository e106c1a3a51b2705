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
import type { Graph, Initializer, Node, NodeOf, Value } from "../graph/index.ts";
import { sizeOf } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { rowsOfKernel, rowsOfTurnedKernel, singleChannelKernel, type Kernel } from "./blocked-kernels.ts";
import { blockedDomain } from "./onnx-model.ts";
import type { OnnxNode } from "./protobuf.ts";

/** Pixels of the output, over all pictures, from which on rearranging the kernels costs less than it saves. */
const leastPixels = 512;

/** Elements of what constant kernels make: 16 MB. Where it is more than the cache holds, bringing it back out of blocks costs more. */
const mostElements = 2 ** 22;

/** Where the lowered nodes and their constants go. */
export interface Sink {
  readonly node: (node: OnnxNode) => void;
  readonly tensor: (value: Value, bytes: Uint8Array) => void;
}

type Conv = NodeOf<"Conv">;

export class BlockedConvolutions {
  readonly #blockSize: number;
  readonly #sink: Sink;
  readonly #constants: ReadonlyMap<string, Tensor>;
  /** Kernels by the name of those that they turn. */
  readonly #turned = new Map<string, Value>();
  /** Nodes that nothing but a blocked convolution reads. */
  readonly #left: ReadonlySet<string>;
  /** Values that are there in blocks already, and constants by name. */
  readonly #known = new Set<string>();

  constructor(graph: Graph, blockSize: number, sink: Sink) {
    this.#blockSize = blockSize;
    this.#sink = sink;
    this.#constants = new Map(graph.initializers.flatMap(constantOf));
    for (const composite of graph.composites) {
      if (composite.kind === "TurnedKernel") this.#turned.set(composite.output.name, composite.inputs[0]);
    }
    this.#left = this.#unread(graph);
  }

  /** Writes a node in another form, or leaves it out; false leaves it to the caller. */
  take(node: Node): boolean {
    if (this.#left.has(node.output.name)) return true;
    if (node.operator !== "Conv" || !this.#isFaster(node)) return false;
    this.#convolve(node);
    return true;
  }

  #isFaster(conv: Conv): boolean {
    return this.#constants.has(conv.inputs[1]!.name)
      ? isFasterWithConstants(conv, this.#blockSize)
      : isFasterInBlocks(conv, this.#blockSize);
  }

  /** What makes turned kernels is not needed where they are rearranged from the kernels themselves. */
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
    const read = [this.#inBlocks(x), this.#kernelInBlocks(weight)];
    this.#blocked("Conv", bias === undefined ? read : [...read, bias.name], blocks, {
      kernel_shape: { ints: kernelShape },
      strides: { ints: strides },
      pads: { ints: pads },
    });
    this.#blocked("ReorderOutput", [blocks], output.name, { channels: { int: outChannels } });
  }

  /** The name of x in blocks; a single channel stays as it is. */
  #inBlocks({ name, shape }: Value): string {
    if (shape[1] === 1) return name;
    const blocks = `${name}:in blocks`;
    if (!this.#known.has(blocks)) this.#blocked("ReorderInput", [name], blocks, {});
    this.#known.add(blocks);
    return blocks;
  }

  #kernelInBlocks(weight: Value): string {
    const constant = this.#constants.get(weight.name);
    const blocks = `${weight.name}:kernel in blocks`;
    if (this.#known.has(blocks)) return blocks;
    const source = this.#turned.get(weight.name);
    if (constant !== undefined) {
      return this.#constant(blocks, singleChannelKernel(constant, this.#blockSize));
    }
    this.#known.add(blocks);
    if (source !== undefined) this.#turn(source, weight.shape as Kernel, blocks);
    else this.#rearrange(weight, blocks);
    return blocks;
  }

  #rearrange({ name, shape }: Value, blocks: string): void {
    const [outChannels, inChannels, height, width] = shape as Kernel;
    const flat = this.#reshape(name, `${blocks}:flat`, [1, outChannels, inChannels, height * width]);
    const rows = `${blocks}:rows`;
    this.#blocked("ReorderInput", [flat], rows, {});
    const order = rowsOfKernel(shape as Kernel, this.#blockSize);
    this.#pick(rows, order, `kernel ${shape.join("x")}`, blocks, shape);
  }

  /** Turned kernels, from those that they turn. */
  #turn({ name }: Value, shape: Kernel, blocks: string): void {
    const rows = `${blocks}:rows`;
    this.#blocked("ReorderInput", [name], rows, {});
    const order = rowsOfTurnedKernel(shape, this.#blockSize);
    this.#pick(rows, order, `turned kernel ${shape.join("x")}`, blocks, shape);
  }

  #pick(rows: string, order: readonly number[], key: string, output: string, shape: readonly number[]): void {
    const flat = this.#reshape(rows, `${rows}:flat`, [order.length, this.#blockSize]);
    const indices = this.#constant(`rows of ${key}`, int64s(order));
    const picked = `${rows}:picked`;
    const attributes = { axis: { int: 0 } };
    this.#sink.node({
      operator: "Gather",
      name: picked,
      inputs: [flat, indices],
      output: picked,
      attributes,
    });
    this.#reshape(picked, output, shape);
  }

  #reshape(name: string, output: string, shape: readonly number[]): string {
    const sizes = this.#constant(`shape ${shape.join("x")}`, int64s(shape));
    const inputs = [name, sizes];
    this.#sink.node({ operator: "Reshape", name: output, inputs, output, attributes: {} });
    return output;
  }

  #constant(name: string, { dtype, shape, bytes }: Tensor): string {
    if (this.#known.has(name)) return name;
    this.#known.add(name);
    this.#sink.tensor({ name, dtype, shape }, bytes);
    return name;
  }

  #blocked(
    operator: string,
    inputs: readonly string[],
    output: string,
    attributes: OnnxNode["attributes"],
  ): void {
    this.#sink.node({ operator, domain: blockedDomain, name: output, inputs, output, attributes });
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

const int64s = (values: readonly number[]): Tensor =>
  Tensor.from(BigInt64Array.from(values, BigInt), [values.length]);

/** A constant kernel of a single channel, by name. */
const constantOf = ({ value, data }: Initializer): [string, Tensor][] =>
  "constant" in data && value.shape.length === 4 && value.shape[1] === 1 ? [[value.name, data.constant]] : [];
