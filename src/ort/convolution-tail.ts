/** What a convolution in blocks takes in of the nodes after it: a sum, and Relu. */
import type { Graph, Node, Value } from "../graph/index.ts";

/** What is computed with the convolution. */
export interface ConvolutionTail {
  /** What comes out of all of it. */
  readonly result: Value;
  /** What is added; undefined where nothing is. */
  readonly summand: Value | undefined;
  readonly hasRelu: boolean;
  /** The nodes that are taken in. */
  readonly nodes: readonly Node[];
}

export class Readers {
  readonly #outputs: ReadonlySet<string>;
  readonly #readers = new Map<string, Node[]>();

  constructor({ nodes, outputs }: Graph) {
    this.#outputs = new Set(outputs.map(({ name }) => name));
    for (const node of nodes)
      for (const { name } of node.inputs) this.#readers.set(name, [...this.of(name), node]);
  }

  /** The nodes that read a value, one for each time. */
  of(name: string): readonly Node[] {
    return this.#readers.get(name) ?? [];
  }

  isOutput(name: string): boolean {
    return this.#outputs.has(name);
  }

  /**
   * The sum with something that is there in blocks, and the Relu, each where nothing else reads what it is computed from.
   *
   * @param isThere whether a value is there in blocks already.
   */
  tailOf(convolution: Node, isThere: (value: Value) => boolean): ConvolutionTail {
    const nodes: Node[] = [];
    let result = convolution.output;
    const sum = this.#onlyReader(result);
    const summand = sum?.operator === "Add" ? sum.inputs.find(({ name }) => name !== result.name) : undefined;
    const isSum = summand !== undefined && hasShapeOf(summand, result) && isThere(summand);
    if (isSum) nodes.push(sum!);
    result = nodes.at(-1)?.output ?? result;
    const relu = this.#onlyReader(result);
    const hasRelu = relu?.operator === "Relu";
    if (hasRelu) nodes.push(relu);
    result = nodes.at(-1)?.output ?? result;
    return { result, summand: isSum ? summand : undefined, hasRelu, nodes };
  }

  #onlyReader({ name }: Value): Node | undefined {
    const readers = this.of(name);
    return readers.length === 1 && !this.isOutput(name) ? readers[0] : undefined;
  }
}

const hasShapeOf = (a: Value, b: Value): boolean =>
  a.dtype === b.dtype &&
  a.shape.length === b.shape.length &&
  a.shape.every((size, axis) => size === b.shape[axis]);
