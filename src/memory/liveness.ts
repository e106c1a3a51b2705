/**
 * Which results exist while each node of a graph runs: the one analysis from which peaks and the memory of single layers follow. Values
 * share a buffer where ONNX Runtime computes in place or only looks at one in another shape.
 */
import type { Graph, Node, OperatorName, Value } from "../graph/index.ts";
import { bytesPerElement } from "../tensor/dtype.ts";
import { sizeOf } from "../tensor/shape.ts";

/**
 * Where the output of an operator lies: it is its input under another shape ("alias"), it may overwrite an input of its size that is read
 * for the last time ("in place"), or it is a buffer of its own.
 */
type Placing = "alias" | "in place" | "own";

const placings: { readonly [K in OperatorName]: Placing } = {
  Abs: "in place",
  Add: "in place",
  ArgMin: "own",
  AveragePool: "own",
  Cast: "own",
  Clip: "in place",
  Concat: "own",
  Conv: "own",
  ConvTranspose: "own",
  DepthToSpace: "own",
  Div: "in place",
  Erf: "in place",
  Exp: "in place",
  Expand: "own",
  Identity: "alias",
  InstanceNormalization: "own",
  LeakyRelu: "in place",
  Log: "in place",
  MatMul: "own",
  MaxPool: "own",
  Mul: "in place",
  Neg: "in place",
  OneHot: "own",
  Pad: "own",
  ReduceLogSumExp: "own",
  ReduceMax: "own",
  ReduceMean: "own",
  ReduceSum: "own",
  Relu: "in place",
  Reshape: "alias",
  Resize: "own",
  Sigmoid: "in place",
  Sign: "own",
  Slice: "own",
  Softmax: "own",
  Softplus: "in place",
  Sqrt: "in place",
  Sub: "in place",
  Tanh: "in place",
  // Unless only products read it: see #isFolded.
  Transpose: "own",
};

export interface LivenessOptions {
  /** Whether the graph's inputs count; otherwise they are the caller's. @default false */
  readonly ownsInputs?: boolean;
  /** Whether its outputs count; otherwise they are the caller's. @default false */
  readonly ownsOutputs?: boolean;
}

/** Bytes that exist while each node runs, in the order of the nodes; what is stored as a weight or a constant does not count. */
export function liveBytes(graph: Graph, options: LivenessOptions = {}): readonly number[] {
  return new Liveness(graph, options).bytes();
}

/** The most of it at once: what a run of a graph needs beside what is the caller's. */
export function peakBytes(graph: Graph, options: LivenessOptions = {}): number {
  return liveBytes(graph, options).reduce((most, bytes) => Math.max(most, bytes), 0);
}

interface Buffer {
  /** 0 when it does not count. */
  readonly byteLength: number;
  /** The last node that reads one of its values, by index. */
  lastRead: number;
}

const byteLengthOf = ({ dtype, shape }: Value): number => sizeOf(shape) * bytesPerElement(dtype);

class Liveness {
  readonly #inputs: readonly Value[];
  readonly #nodes: readonly Node[];
  readonly #outputs: ReadonlySet<string>;
  readonly #ownsOutputs: boolean;
  /** The last node that reads a value, by the value's name. */
  readonly #lastRead = new Map<string, number>();
  readonly #readers = new Map<string, Node[]>();
  /** Of every value, by name. */
  readonly #buffers = new Map<string, Buffer>();

  constructor(
    { inputs, initializers, nodes, outputs }: Graph,
    { ownsInputs = false, ownsOutputs = false }: LivenessOptions,
  ) {
    this.#inputs = inputs;
    this.#nodes = nodes;
    this.#outputs = new Set(outputs.map(({ name }) => name));
    this.#ownsOutputs = ownsOutputs;
    nodes.forEach((node, index) => {
      for (const { name } of node.inputs) {
        this.#lastRead.set(name, index);
        this.#readers.set(name, [...(this.#readers.get(name) ?? []), node]);
      }
    });
    for (const name of this.#outputs) this.#lastRead.set(name, nodes.length);
    for (const { value } of initializers) this.#buffers.set(value.name, this.#untouchable(0));
    // An input is the caller's, who may read it again.
    for (const value of inputs)
      this.#buffers.set(value.name, this.#untouchable(ownsInputs ? byteLengthOf(value) : 0));
    nodes.forEach((node, index) => {
      const { name } = node.output;
      const buffer = this.#sharedBuffer(node, index) ?? this.#newBuffer(node);
      buffer.lastRead = Math.max(buffer.lastRead, this.#lastRead.get(name) ?? index);
      this.#buffers.set(name, buffer);
    });
  }

  #untouchable(byteLength: number): Buffer {
    return { byteLength, lastRead: this.#nodes.length };
  }

  #newBuffer(node: Node): Buffer {
    const isCallers = this.#outputs.has(node.output.name) && !this.#ownsOutputs;
    const isFree = isCallers || this.#isFolded(node);
    return { byteLength: isFree ? 0 : byteLengthOf(node.output), lastRead: 0 };
  }

  #sharedBuffer(node: Node, index: number): Buffer | undefined {
    const { operator, inputs, output } = node;
    // An output has a buffer of its own: what would be looked at in another shape is copied.
    if (this.#outputs.has(output.name)) return undefined;
    const placing = placings[operator];
    if (placing === "alias" || this.#isFolded(node)) return this.#buffers.get(inputs[0]!.name);
    if (placing === "own") return undefined;
    return inputs
      .filter((input) => byteLengthOf(input) === byteLengthOf(output))
      .filter(({ name }) => this.#lastRead.get(name) === index)
      .map(({ name }) => this.#buffers.get(name))
      .find((buffer) => buffer !== undefined && buffer.byteLength > 0 && buffer.lastRead <= index);
  }

  /** A transposition that only products read becomes a part of them: they read what it would have read. */
  #isFolded({ operator, output }: Node): boolean {
    const readers = this.#readers.get(output.name) ?? [];
    return operator === "Transpose" && readers.every((reader) => reader.operator === "MatMul");
  }

  bytes(): number[] {
    const live = new Set<Buffer>(this.#inputs.map(({ name }) => this.#buffers.get(name)!));
    let sum = [...live].reduce((total, { byteLength }) => total + byteLength, 0);
    return this.#nodes.map((node, index) => {
      const buffer = this.#buffers.get(node.output.name)!;
      if (!live.has(buffer)) sum += buffer.byteLength;
      live.add(buffer);
      const during = sum + scratchBytes(node);
      for (const other of live) {
        if (other.lastRead > index) continue;
        live.delete(other);
        sum -= other.byteLength;
      }
      return during;
    });
  }
}

/** Bytes of the buffers that an operator takes for itself. */
function scratchBytes(node: Node): number {
  if (node.operator !== "Conv") return 0;
  const [outChannels, ...kernel] = node.inputs[1]!.shape as [number, ...number[]];
  const pixels = sizeOf(node.output.shape.slice(2));
  // With fewer pixels than filters the whole picture is unrolled, else only as much as stays in the cache.
  const unrolled = outChannels > pixels && kernel[1]! > 1 ? pixels * sizeOf(kernel) : 0;
  return (unrolled + elementsInBlocks(node)) * bytesPerElement(node.output.dtype);
}

/** Of the copies in blocks, of a convolution's input and output. A single channel has none; what it makes is small. */
function elementsInBlocks({ inputs: [x], output, labels }: Node): number {
  return labels?.inBlocks === true && x!.shape[1]! > 1 ? sizeOf(x!.shape) + sizeOf(output.shape) : 0;
}
