/** Builds a graph node by node, naming and typing every value as it appears. */
import { invariant } from "../errors.ts";
import type { DType } from "../tensor/dtype.ts";
import type { Shape } from "../tensor/shape.ts";
import type { StoredTensor } from "../tensor/stored-tensor.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Composite, Graph, Initializer, Node, Value } from "./graph.ts";
import { infer } from "./infer.ts";
import type { Labels } from "./labels.ts";
import type { OperatorAttributes, OperatorName } from "./operators.ts";

/**
 * A part of a graph whose gradient is known as a whole, and shorter than its nodes' one by one: from the gradient
 * with respect to the output to those with respect to the inputs, undefined where `wants` says no.
 */
export interface KnownGradient {
  readonly inputs: readonly Value[];
  readonly output: Value;
  /** `at` gives a value of the part as the backward pass has it: kept, or computed again. */
  readonly rule: (
    gradient: Value,
    wants: (index: number) => boolean,
    at: (value: Value) => Value,
  ) => readonly (Value | undefined)[];
}

export class GraphBuilder {
  readonly #name: string;
  readonly #inputs: Value[] = [];
  readonly #initializers = new Map<string, Initializer>();
  readonly #nodes: Node[] = [];
  readonly #useCounts = new Map<string, number>();
  readonly #knownGradients = new Map<string, KnownGradient>();
  readonly #composites: Composite[] = [];
  #scope = "";
  #labels: Labels = {};

  constructor(name: string) {
    this.#name = name;
  }

  /** The nodes so far, in the order in which they were applied. */
  get nodes(): readonly Node[] {
    return this.#nodes;
  }

  get inputs(): readonly Value[] {
    return this.#inputs;
  }

  /** Runs `body` with `name` in front of the names of the values it makes: `decoder/mid_block/…`. */
  scope<T>(name: string, body: () => T): T {
    const outer = this.#scope;
    this.#scope = `${outer}${name}/`;
    try {
      return body();
    } finally {
      this.#scope = outer;
    }
  }

  /** Runs `body`, which puts other nodes in the place of one of another graph: in its scope, and as part of its layer. */
  insteadOf<T>({ output: { name }, labels }: Node, body: () => T): T {
    const scope = name.slice(0, Math.max(0, name.lastIndexOf("/")));
    const inScope = (): T => (scope === "" ? body() : this.scope(scope, body));
    return labels?.layer === undefined ? inScope() : this.labelled({ layer: labels.layer }, inScope);
  }

  /** Runs `body` with these labels, beside those around it, on the nodes that it applies. */
  labelled<T>(labels: Labels, body: () => T): T {
    const outer = this.#labels;
    this.#labels = { ...outer, ...labels };
    try {
      return body();
    } finally {
      this.#labels = outer;
    }
  }

  /** Declares an input of the graph. */
  input(name: string, dtype: DType, shape: Shape): Value {
    const value = { name: this.#unique(name), dtype, shape };
    this.#inputs.push(value);
    return value;
  }

  /** Refers to a weight where it lies, under any shape with as many elements. */
  stored(stored: StoredTensor, shape: Shape = stored.shape): Value {
    const known = this.#initializers.get(stored.name);
    if (known !== undefined) return known.value;
    const value = { name: stored.name, dtype: stored.dtype, shape };
    this.#initializers.set(stored.name, { value, data: { stored } });
    return value;
  }

  /** A constant of the graph; constants of one name are one value. */
  constant(name: string, tensor: Tensor): Value {
    const known = this.#initializers.get(name);
    if (known !== undefined) return known.value;
    const value = { name, dtype: tensor.dtype, shape: tensor.shape };
    this.#initializers.set(name, { value, data: { constant: tensor } });
    return value;
  }

  /** Says what the gradient of everything between `inputs` and `output` is. */
  knowGradient(known: KnownGradient): void {
    this.#knownGradients.set(known.output.name, known);
  }

  knownGradientOf(output: Value): KnownGradient | undefined {
    return this.#knownGradients.get(output.name);
  }

  /** Says which function of the field the nodes between `inputs` and `output` are. */
  composite(composite: Composite): Value {
    this.#composites.push(composite);
    return composite.output;
  }

  /**
   * Applies an operator.
   *
   * @throws INVALID_ARGUMENT when the inputs do not fit the operator.
   */
  apply<K extends OperatorName>(
    operator: K,
    inputs: readonly Value[],
    attributes: OperatorAttributes[K],
  ): Value {
    const output = {
      name: this.#unique(`${this.#scope}${operator}`),
      ...infer(operator, inputs, attributes),
    };
    const labels = Object.keys(this.#labels).length === 0 ? {} : { labels: this.#labels };
    this.#nodes.push({ operator, attributes, inputs, output, ...labels } as unknown as Node);
    return output;
  }

  /**
   * Finishes the graph; `outputs` gives each result the name under which it comes back. Nodes and initializers
   * on which no output depends are left out, and a Reshape of a Reshape reads the first one's input.
   */
  build(outputs: Readonly<Record<string, Value>>): Graph {
    const names = new Map(Object.entries(outputs).map(([name, value]) => [value.name, name]));
    const rename = (value: Value): Value => ({ ...value, name: names.get(value.name) ?? value.name });
    const borders = new Set(
      this.#composites.flatMap(({ inputs, output }) => [...inputs, output].map(({ name }) => name)),
    );
    const shortened = shortcutReshapes(this.#nodes, borders);
    const nodes = usedNodes(shortened, Object.values(outputs)).map((node) => ({
      ...node,
      inputs: node.inputs.map(rename),
      output: rename(node.output),
    }));
    const read = new Set(nodes.flatMap((node) => node.inputs.map(({ name }) => name)));
    const produced = new Set(nodes.map((node) => node.output.name));
    invariant(
      Object.keys(outputs).every((name) => produced.has(name)),
      `graph ${this.#name}: an output is not the result of a node`,
    );
    return {
      name: this.#name,
      inputs: this.#inputs,
      initializers: [...this.#initializers.values()].filter(({ value }) => read.has(value.name)),
      nodes,
      outputs: Object.values(outputs).map(rename),
      composites: this.#composites
        .filter(({ output }) => produced.has(rename(output).name))
        .map((composite) => renameComposite(composite, rename)),
    };
  }

  #unique(name: string): string {
    const uses = this.#useCounts.get(name) ?? 0;
    this.#useCounts.set(name, uses + 1);
    return uses === 0 ? name : `${name}_${uses}`;
  }
}

/** The same composite over other values. */
export function renameComposite(composite: Composite, rename: (value: Value) => Value): Composite {
  // Each kind's inputs are a tuple of its own, and renaming keeps their number.
  const inputs = composite.inputs.map(rename) as unknown as Composite["inputs"];
  return { ...composite, inputs, output: rename(composite.output) } as Composite;
}

/** The nodes on which one of `outputs` depends, in their order. */
function usedNodes(nodes: readonly Node[], outputs: readonly Value[]): Node[] {
  const used = new Set(outputs.map(({ name }) => name));
  const kept: Node[] = [];
  for (const node of [...nodes].reverse()) {
    if (!used.has(node.output.name)) continue;
    for (const { name } of node.inputs) used.add(name);
    kept.push(node);
  }
  return kept.reverse();
}

/** Lets every Reshape of a Reshape read the first one's input, but for those at which a composite begins or ends. */
function shortcutReshapes(nodes: readonly Node[], borders: ReadonlySet<string>): Node[] {
  const sources = new Map<string, Value>();
  return nodes.map((node) => {
    if (node.operator !== "Reshape") return node;
    const [x] = node.inputs;
    const source = sources.get(x!.name) ?? x!;
    if (!borders.has(node.output.name)) sources.set(node.output.name, source);
    return { ...node, inputs: [source] };
  });
}
