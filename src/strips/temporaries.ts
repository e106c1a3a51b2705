/** How much memory a run of a graph needs beside its inputs and outputs: the liveness of what it computes on the way. */
import type { Graph, Node } from "../graph/index.ts";
import { elementsInBlocks } from "../rewrite/index.ts";
import { sizeOf } from "../tensor/shape.ts";

const bytesPerElement = 4;

/** Elementwise operators write over the input that they read last. */
const inPlace = new Set<Node["operator"]>([
  "Abs",
  "Add",
  "Clip",
  "Div",
  "Erf",
  "Exp",
  "LeakyRelu",
  "Log",
  "Mul",
  "Neg",
  "Relu",
  "Sigmoid",
  "Softplus",
  "Sqrt",
  "Sub",
  "Tanh",
]);

/** @returns bytes; outputs of the graph are the caller's when `ownsOutputs` is false. */
export function peakTemporaryBytes(graph: Graph, { ownsOutputs = false } = {}): number {
  return new Liveness(graph, ownsOutputs).peak() * bytesPerElement;
}

interface Buffer {
  /** 0 when it is the caller's. */
  readonly elements: number;
  lastRead: number;
}

/** Values share one buffer where the runtime computes in place or only looks at them in another shape. */
class Liveness {
  readonly #nodes: readonly Node[];
  readonly #outputs: ReadonlySet<string>;
  readonly #ownsOutputs: boolean;
  /** The last node that reads a value, by the value's name. */
  readonly #lastRead = new Map<string, number>();
  readonly #readers = new Map<string, Node[]>();
  /** Of every value, by name. */
  readonly #buffers = new Map<string, Buffer>();

  constructor({ inputs, initializers, nodes, outputs }: Graph, ownsOutputs: boolean) {
    for (const { name } of [...inputs, ...initializers.map(({ value }) => value)]) {
      this.#buffers.set(name, { elements: 0, lastRead: nodes.length });
    }
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
    nodes.forEach((node, index) => {
      const { name } = node.output;
      const buffer = this.#sharedBuffer(node, index) ?? this.#newBuffer(node);
      buffer.lastRead = Math.max(buffer.lastRead, this.#lastRead.get(name) ?? index);
      this.#buffers.set(name, buffer);
    });
  }

  #newBuffer(node: Node): Buffer {
    const isCallers = this.#outputs.has(node.output.name) && !this.#ownsOutputs;
    const isFree = isCallers || this.#isFolded(node);
    return { elements: isFree ? 0 : sizeOf(node.output.shape), lastRead: 0 };
  }

  #sharedBuffer(node: Node, index: number): Buffer | undefined {
    const { operator, inputs, output } = node;
    // An output has a buffer of its own: what would be looked at in another shape is copied.
    if (this.#outputs.has(output.name)) return undefined;
    const [x] = inputs;
    if (operator === "Reshape" || operator === "Identity" || this.#isFolded(node))
      return this.#buffers.get(x!.name);
    if (!inPlace.has(operator)) return undefined;
    return inputs
      .filter(
        ({ shape, name }) => sizeOf(shape) === sizeOf(output.shape) && this.#lastRead.get(name) === index,
      )
      .map(({ name }) => this.#buffers.get(name))
      .find((buffer) => buffer !== undefined && buffer.elements > 0 && buffer.lastRead <= index);
  }

  /** A transposition that only products read becomes a part of them: they read what it would have read. */
  #isFolded({ operator, output }: Node): boolean {
    const readers = this.#readers.get(output.name) ?? [];
    return operator === "Transpose" && readers.every((reader) => reader.operator === "MatMul");
  }

  /** Elements that are in use at once, at most. */
  peak(): number {
    const live = new Set<Buffer>();
    let sum = 0;
    let peak = 0;
    this.#nodes.forEach((node, index) => {
      const buffer = this.#buffers.get(node.output.name)!;
      if (!live.has(buffer)) sum += buffer.elements;
      live.add(buffer);
      peak = Math.max(peak, sum + scratchElements(node) + elementsInBlocks(node));
      for (const other of live) {
        if (other.lastRead > index) continue;
        live.delete(other);
        sum -= other.elements;
      }
    });
    return peak;
  }
}

/** Elements of the buffer that an operator takes for itself. */
function scratchElements(node: Node): number {
  if (node.operator !== "Conv") return 0;
  const [outChannels, ...kernel] = node.inputs[1]!.shape as [number, ...number[]];
  const pixels = sizeOf(node.output.shape.slice(2));
  // With fewer pixels than filters the whole picture is unrolled, else only as much as stays in the cache.
  return outChannels > pixels && node.inputs[1]!.shape[2]! > 1 ? pixels * sizeOf(kernel) : 0;
}
