/**
 * ONNX Runtime's own operators for several nodes at once. Its optimisers find the same ones, but take as long for that
 * as for the rest of a session's making, and strips need a hundred sessions.
 *
 * @see https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
 */
import type { Graph, Node, NodeOf, Value } from "../graph/index.ts";
import { sizeOf } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { ModelSink } from "../onnx/index.ts";
import { int64s } from "../onnx/int64s.ts";
import type { OnnxNode } from "../onnx/protobuf.ts";
import { contribDomain } from "./domains.ts";

/** What stands for a node, and the constants that it reads. */
export interface Fused {
  readonly nodes: readonly OnnxNode[];
  readonly constants: readonly { readonly name: string; readonly tensor: Tensor }[];
}

const nothing: Fused = { nodes: [], constants: [] };

export class FusedOperators {
  readonly #sources: ReadonlyMap<string, Node>;
  /** How many nodes read a value that are still written as they are; outputs of the graph count as read. */
  readonly #reads = new Map<string, number>();
  /** By the name of the output at which each is written. */
  readonly #fused = new Map<string, Fused>();

  readonly #sink: ModelSink;

  /** @param nodes those of the graph that are written at all */
  constructor({ outputs, composites }: Graph, nodes: readonly Node[], sink: ModelSink) {
    this.#sink = sink;
    this.#sources = new Map(nodes.map((node) => [node.output.name, node]));
    for (const { name } of outputs) this.#count(name, 1);
    // Whoever writes a composite in another form reads its inputs.
    for (const { inputs } of [...nodes, ...composites]) for (const { name } of inputs) this.#count(name, 1);
    const slices = new Map<string, NodeOf<"Slice">[]>();
    for (const node of nodes) {
      if (node.operator === "MatMul") this.#fuseTransposes(node);
      else if (node.operator === "Mul") this.#fuseSigmoid(node);
      else if (node.operator === "Transpose") this.#gatherRows(node);
      else if (node.operator === "Slice" && isPlainSlice(node)) {
        const key = `${node.inputs[0]!.name} ${node.attributes.axes[0]}`;
        slices.set(key, [...(slices.get(key) ?? []), node]);
      }
    }
    for (const parts of slices.values()) this.#splitWhole(parts);
  }

  /** Writes what stands for a node, perhaps nothing; false leaves the node to the caller. */
  take(node: Node): boolean {
    const fused = this.#fused.get(node.output.name);
    for (const each of fused?.nodes ?? []) this.#sink.node(each);
    for (const { name, tensor } of fused?.constants ?? []) this.#sink.constant(name, tensor);
    return fused !== undefined;
  }

  #count(name: string, change: number): number {
    const total = (this.#reads.get(name) ?? 0) + change;
    this.#reads.set(name, total);
    return total;
  }

  /** A node reads `name` no more: whoever makes it is left out when it was the last. */
  #release(name: string): void {
    if (this.#count(name, -1) === 0) this.#fused.set(name, nothing);
  }

  /** MatMul with operands transposed. */
  #fuseTransposes({ inputs, output }: NodeOf<"MatMul">): void {
    const operands = inputs.map((input) => {
      const source = this.#sources.get(input.name);
      const isSwap = source?.operator === "Transpose" && swapsLastTwo(source.attributes.perm);
      return isSwap && input.dtype === "float32" ? { input, original: source.inputs[0]! } : { input };
    });
    if (operands.every(({ original }) => original === undefined)) return;
    for (const { input, original } of operands) if (original !== undefined) this.#release(input.name);
    const flag = (index: number): { int: number } => ({
      int: operands[index]!.original === undefined ? 0 : 1,
    });
    const node: OnnxNode = {
      operator: "FusedMatMul",
      domain: contribDomain,
      name: output.name,
      inputs: operands.map(({ input, original = input }) => original.name),
      outputs: [output.name],
      attributes: { transA: flag(0), transB: flag(1) },
    };
    this.#fused.set(output.name, { nodes: [node], constants: [] });
  }

  /** x · sigmoid(x), as SiLU. */
  #fuseSigmoid({ inputs, output }: NodeOf<"Mul">): void {
    const gate = inputs.find((input, index) => this.#isSigmoidOf(input, inputs[1 - index]!));
    if (gate === undefined || output.dtype !== "float32" || this.#reads.get(gate.name)! > 1) return;
    const [x] = this.#sources.get(gate.name)!.inputs;
    this.#release(gate.name);
    const node: OnnxNode = {
      operator: "QuickGelu",
      domain: contribDomain,
      name: output.name,
      inputs: [x!.name],
      outputs: [output.name],
      attributes: { alpha: { float: 1 } },
    };
    this.#fused.set(output.name, { nodes: [node], constants: [] });
  }

  /** A transposition of whole rows, as ONNX's Gather: it copies rows on all threads, where Transpose does on one. No optimiser does that. */
  #gatherRows({ inputs: [x], attributes: { perm }, output }: NodeOf<"Transpose">): void {
    const rowLength = x!.shape.at(-1)!;
    if (perm.at(-1) !== perm.length - 1 || rowLength < leastRowLength) return;
    const rows = sizeOf(output.shape) / rowLength;
    if (rows < leastRows || rows > mostRows) return;
    const order = transposedRows(x!.shape.slice(0, -1), perm.slice(0, -1));
    const flat = `${output.name}:flat`;
    const [flatShape, indices] = [`${flat} shape`, `${output.name}:order`];
    const nodes: OnnxNode[] = [
      plainNode("Reshape", [x!.name, flatShape], flat, {}),
      plainNode("Gather", [flat, indices], output.name, { axis: { int: 0 } }),
    ];
    const constants = [
      { name: flatShape, tensor: int64s([order.length, rowLength]) },
      // In the shape of the result, which is then what Gather makes: a Reshape of an output would copy it.
      { name: indices, tensor: Tensor.from(order, output.shape.slice(0, -1)) },
    ];
    this.#fused.set(output.name, { nodes, constants });
  }

  #isSigmoidOf(gate: Value, x: Value): boolean {
    const source = this.#sources.get(gate.name);
    return source?.operator === "Sigmoid" && source.inputs[0]!.name === x.name;
  }

  /** Slices that are all of a value, one after the other. */
  #splitWhole(slices: readonly NodeOf<"Slice">[]): void {
    const [first] = slices;
    const [x] = first!.inputs;
    const axis = first!.attributes.axes[0]!;
    const parts = slices.toSorted((a, b) => a.attributes.starts[0]! - b.attributes.starts[0]!);
    let position = 0;
    const isWhole = parts.every(({ attributes: { starts, ends } }) => {
      const follows = starts[0] === position && ends[0]! > position;
      position = ends[0]!;
      return follows;
    });
    if (slices.length === 1 || !isWhole || position !== x!.shape[axis]) return;
    const sizes = `${first!.output.name}:sizes`;
    const node: OnnxNode = {
      operator: "Split",
      name: first!.output.name,
      inputs: [x!.name, sizes],
      outputs: parts.map(({ output }) => output.name),
      attributes: { axis: { int: axis } },
    };
    const tensor = int64s(parts.map(({ output }) => output.shape[axis]!));
    for (const { output } of slices) this.#fused.set(output.name, nothing);
    this.#fused.set(first!.output.name, { nodes: [node], constants: [{ name: sizes, tensor }] });
  }
}

/** A row is copied at once: below this length that is no faster than number by number. */
const leastRowLength = 16;
/** A Gather of fewer rows is not worth its indices, of more it has too many: 8 bytes each. */
const [leastRows, mostRows] = [2 ** 6, 2 ** 14];

const plainNode = (
  operator: string,
  inputs: readonly string[],
  output: string,
  attributes: OnnxNode["attributes"],
): OnnxNode => ({ operator, name: output, inputs, outputs: [output], attributes });

/** The row-major indices of a tensor's elements in the order in which its transpose has them. */
function transposedRows(shape: readonly number[], perm: readonly number[]): BigInt64Array<ArrayBuffer> {
  const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  const lengths = perm.map((axis) => shape[axis]!);
  const steps = perm.map((axis) => strides[axis]!);
  const rows = new BigInt64Array(sizeOf(shape));
  // Their lower halves, little-endian as all tensors are: thousands of BigInts would be objects.
  const halves = new Int32Array(rows.buffer);
  let next = 0;
  const visit = (axis: number, index: number): void => {
    for (let i = 0, at = index; i < lengths[axis]!; i++, at += steps[axis]!) {
      if (axis === perm.length - 1) halves[2 * next++] = at;
      else visit(axis + 1, at);
    }
  };
  visit(0, 0);
  return rows;
}

function swapsLastTwo(perm: readonly number[]): boolean {
  const last = perm.length - 1;
  return perm.every((axis, index) => axis === (index < last - 1 ? index : 2 * last - 1 - index));
}

/** Along one axis from its front, every element. */
const isPlainSlice = ({ attributes: { axes, starts, ends, steps } }: NodeOf<"Slice">): boolean =>
  axes.length === 1 && axes[0]! >= 0 && starts[0]! >= 0 && ends[0]! >= 0 && (steps?.[0] ?? 1) === 1;
