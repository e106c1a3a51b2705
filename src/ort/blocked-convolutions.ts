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
import type { ModelSink } from "../onnx/index.ts";
import { int64s } from "../onnx/int64s.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { rowsOfKernel, rowsOfTurnedKernel, singleChannelKernel, type Kernel } from "./blocked-kernels.ts";
import { canBeInBlocks, writeWeightGradient } from "./blocked-weight-gradient.ts";
import { BlockedWriter, type BlockedLayout } from "./blocked-writer.ts";
import { Readers } from "./convolution-tail.ts";

type Conv = NodeOf<"Conv">;

/** Fewer than the smallest blocks have. */
const fewOutputs = 8;

/** The layout, and what shall be written in it. */
export interface Blocks extends BlockedLayout {
  readonly isChosen: (part: Conv | WeightGradient) => boolean;
}

/** Whether a graph asks for blocks: cost/ has labelled the part. */
export const isLabelledInBlocks: Blocks["isChosen"] = (part) =>
  "kind" in part ? part.inBlocks === true : part.labels?.inBlocks === true;

export class BlockedConvolutions {
  readonly #writer: BlockedWriter;
  readonly #blocks: Blocks;
  readonly #blockSize: number;
  readonly #constants: ReadonlyMap<string, Tensor>;
  /** Kernels by the name of those that they turn. */
  readonly #turned = new Map<string, Value>();
  /** Gradients that are written as convolutions, by name. */
  readonly #gradients = new Map<string, WeightGradient>();
  /** Nodes that nothing but what is written in another form reads. */
  readonly #left: ReadonlySet<string>;
  readonly #readers: Readers;
  /** Nodes that a convolution has taken in, by the names of their outputs. */
  readonly #takenIn = new Set<string>();

  constructor(graph: Graph, blocks: Blocks, sink: ModelSink) {
    this.#writer = new BlockedWriter(blocks, sink);
    this.#blocks = blocks;
    this.#blockSize = blocks.size;
    this.#constants = new Map(graph.initializers.flatMap(constantOf));
    for (const composite of graph.composites) {
      const { kind, output } = composite;
      if (kind === "TurnedKernel") this.#turned.set(output.name, composite.inputs[0]);
      if (kind === "WeightGradient" && canBeInBlocks(composite, blocks) && blocks.isChosen(composite))
        this.#gradients.set(output.name, composite);
    }
    this.#left = this.#unread(graph);
    this.#readers = new Readers(graph);
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
    if (this.#takenIn.has(node.output.name)) return true;
    if (node.operator !== "Conv" || !this.#isInBlocks(node)) return false;
    this.#convolve(node);
    return true;
  }

  /** Chosen, and possible: kernels that fill whole blocks, constant ones of one channel, by which one is at least half full, or few of whole blocks. */
  #isInBlocks(conv: Conv): boolean {
    const { inputs } = conv;
    const [x, weight] = inputs as [Value, Value];
    const { group = 1 } = conv.attributes;
    if (x.dtype !== "float32" || x.shape.length !== 4 || group > 1) return false;
    const [outChannels, inChannels] = weight.shape as Kernel;
    const isWhole = outChannels % this.#blockSize === 0 && inChannels % this.#blockSize === 0;
    const isHalfFull = 2 * outChannels > this.#blockSize;
    const isFilledUp = this.#constants.has(weight.name) && inputs.length === 2 && isHalfFull;
    const isOpen =
      outChannels < fewOutputs && inChannels % this.#blockSize === 0 && !this.#turned.has(weight.name);
    return (isFilledUp || isWhole || isOpen) && this.#blocks.isChosen(conv);
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
      if (node.operator !== "Conv" || !this.#isInBlocks(node)) continue;
      const { name } = node.inputs[1]!;
      // The kernels themselves are still read.
      const source = this.#turned.get(name);
      if (source === undefined) continue;
      count(source.name, 1);
      leave(name);
    }
    return left;
  }

  #convolve(convolution: Conv): void {
    const { inputs, attributes, output } = convolution;
    const [x, weight, bias] = inputs as [Value, Value, Value?];
    const [outChannels] = weight.shape as Kernel;
    const isOpen = outChannels % this.#blockSize !== 0 && !this.#constants.has(weight.name);
    const kernels = this.#kernelInBlocks(isOpen ? this.#filledUp(weight) : weight);
    const parts = {
      x: { name: this.#writer.inBlocks(x), shape: x.shape },
      kernels,
      bias: bias !== undefined && isOpen ? this.#filledUp(bias) : bias,
      group: 1,
      strides: { ints: attributes.strides },
      pads: { ints: attributes.pads },
    };
    const filledUp = output.shape.with(1, kernels.shape[0]!);
    if (filledUp[1] !== outChannels) {
      const name = this.#writer.convolve(parts, `${output.name}:blocks`);
      this.#writer.reorderOutput({ name, shape: filledUp }, outChannels, output.name);
      return;
    }
    const { result, summand, hasRelu, nodes } = this.#readers.tailOf(convolution, (value) =>
      this.#writer.hasBlocksOf(value),
    );
    for (const node of nodes) this.#takenIn.add(node.output.name);
    const name = this.#writer.newBlocksOf(result);
    this.#writer.convolve({ ...parts, summand: summand && this.#writer.inBlocks(summand), hasRelu }, name);
    if (this.#isReadElsewhere(result)) {
      this.#writer.reorderOutput({ name, shape: result.shape }, outChannels, result.name);
    }
  }

  /** Whether anything reads a value that does not read it in blocks. */
  #isReadElsewhere({ name }: Value): boolean {
    const readers = this.#readers.of(name);
    const readsBlocks = (node: Node): boolean =>
      node.operator === "Conv" &&
      this.#isInBlocks(node) &&
      node.inputs.slice(1).every((input) => input.name !== name);
    return this.#readers.isOutput(name) || readers.length === 0 || !readers.every(readsBlocks);
  }

  /** Kernels or biases of fewer outputs than a block has, with zeros for the others. */
  #filledUp({ name, dtype, shape }: Value): Value {
    const output = `${name}:filled up`;
    if (!this.#writer.isKnown(output)) {
      const [begins, ends] = [
        shape.map(() => 0),
        shape.map((size, axis) => (axis === 0 ? this.#blockSize - size : 0)),
      ];
      const pads = this.#writer.constant(`pads ${ends.join("x")}`, int64s([...begins, ...ends]));
      this.#writer.plain("Pad", [name, pads], output, {});
    }
    return { name: output, dtype, shape: shape.with(0, this.#blockSize) };
  }

  /** Kernels in blocks, and their shape, which is filled up. */
  #kernelInBlocks(weight: Value): Pick<Value, "name" | "shape"> {
    const constant = this.#constants.get(weight.name);
    const name = `${weight.name}:kernel in blocks`;
    if (constant !== undefined) {
      const kernels = singleChannelKernel(constant, this.#blockSize);
      this.#writer.constant(name, kernels);
      return { name, shape: kernels.shape };
    }
    const kernels = { name, shape: weight.shape };
    if (this.#writer.isKnown(name)) return kernels;
    const source = this.#turned.get(weight.name);
    if (source !== undefined) this.#turn(source, weight.shape as Kernel, name);
    else this.#rearrange(weight, name);
    return kernels;
  }

  #rearrange({ name, shape }: Value, blocks: string): void {
    const [outChannels, inChannels, height, width] = shape as Kernel;
    const flat = { name: `${blocks}:flat`, shape: [1, outChannels, inChannels, height * width] };
    this.#writer.reshape(name, flat.name, flat.shape);
    const rows = this.#writer.reorderInput(flat, `${blocks}:rows`);
    const order = rowsOfKernel(shape as Kernel, this.#blockSize);
    this.#pick(rows, order, `kernel ${shape.join("x")}`, blocks, shape);
  }

  /** Turned kernels, from those that they turn. */
  #turn(source: Value, shape: Kernel, blocks: string): void {
    const rows = this.#writer.reorderInput(source, `${blocks}:rows`);
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

/** A constant kernel of a single channel, by name. */
const constantOf = ({ value, data }: Initializer): [string, Tensor][] =>
  "constant" in data && value.shape.length === 4 && value.shape[1] === 1 ? [[value.name, data.constant]] : [];
