/** Copies parts of a graph into another builder, where some values have others in their place. */
import { invariant } from "../errors.ts";
import type { GraphBuilder } from "./builder.ts";
import type { Graph, Initializer, Node, Value } from "./graph.ts";
import type { Labels } from "./labels.ts";
import type { OperatorName } from "./operators.ts";

export class GraphCopy {
  readonly #builder: GraphBuilder;
  readonly #labelsOf: (node: Node) => Labels;
  readonly #initializers: ReadonlyMap<string, Initializer>;
  readonly #values = new Map<string, Value>();

  /** @param labelsOf what a copied node is labelled with; its own labels by default. */
  constructor(
    { initializers }: Pick<Graph, "initializers">,
    builder: GraphBuilder,
    labelsOf: (node: Node) => Labels = ({ labels = {} }) => labels,
  ) {
    this.#builder = builder;
    this.#labelsOf = labelsOf;
    this.#initializers = new Map(initializers.map((each) => [each.value.name, each]));
  }

  /** The copy's value for one of the graph. Initializers come along when they are first asked for. */
  at(value: Value): Value {
    const known = this.#values.get(value.name);
    if (known !== undefined) return known;
    const initializer = this.#initializers.get(value.name);
    invariant(initializer !== undefined, `graph copy: ${value.name} is not copied yet`);
    const { data } = initializer;
    const copy =
      "stored" in data
        ? this.#builder.stored(data.stored, value.shape)
        : this.#builder.constant(value.name, data.constant);
    return this.set(value, copy);
  }

  /** Puts `replacement` in the place of a value. */
  set({ name }: Value, replacement: Value): Value {
    this.#values.set(name, replacement);
    return replacement;
  }

  /** Copies a node, with other inputs where they are given. */
  apply(node: Node, replacements = node.inputs.map((value) => this.at(value))): Value {
    const { operator, attributes } = node;
    return this.#builder.labelled(this.#labelsOf(node), () =>
      this.#builder.apply<OperatorName>(operator, replacements, attributes),
    );
  }
}
