/**
 * Recomputation, or gradient checkpointing: the backward pass computes the inside of a block again from the block's
 * inputs, so that nothing of it is kept from the forward pass.
 *
 * @see Chen et al. 2016, Training Deep Nets with Sublinear Memory Cost
 */
import type { GraphBuilder, Node, Value } from "../graph/index.ts";
import { scale } from "./arithmetic.ts";

/** The name of the block that a node belongs to; undefined for a node whose output is kept. */
export type BlockOf = (node: Node) => string | undefined;

/** A block's values as the backward pass sees them. */
export type Remembered = (value: Value) => Value;

const asKept: Remembered = (value) => value;

export class Recomputation {
  readonly #builder: GraphBuilder;
  readonly #blockOf: BlockOf;
  readonly #blocks = new Map<string, Node[]>();
  readonly #recomputed = new Map<string, Remembered>();
  readonly #producers: Map<string, Node>;
  readonly #parameterLike: ReadonlySet<string>;

  /**
   * @param forward the nodes to differentiate.
   * @param parameters what the gradient is taken by: its functions are cheap, and are kept.
   * @param producers nodes by their output; those that are added here join it.
   */
  constructor(
    builder: GraphBuilder,
    forward: readonly Node[],
    parameters: readonly Value[],
    producers: Map<string, Node>,
    blockOf: BlockOf,
  ) {
    this.#builder = builder;
    this.#blockOf = blockOf;
    this.#producers = producers;
    this.#parameterLike = functionsOf(parameters, forward, builder);
    for (const node of forward) {
      const block = blockOf(node);
      if (block === undefined || this.#parameterLike.has(node.output.name)) continue;
      this.#blocks.set(block, [...(this.#blocks.get(block) ?? []), node]);
    }
  }

  /** The values that the rule of `node` may use. The walk's first visit to a block computes it again. */
  enter(node: Node, gradient: Value): Remembered {
    const block = this.#blockOf(node);
    const nodes = block === undefined ? undefined : this.#blocks.get(block);
    if (block === undefined || nodes === undefined) return asKept;
    const known = this.#recomputed.get(block);
    if (known !== undefined) return known;
    const remembered = this.#recompute(nodes, gradient);
    this.#recomputed.set(block, remembered);
    return remembered;
  }

  #recompute(nodes: readonly Node[], gradient: Value): Remembered {
    const values = new Map<string, Value>();
    const inside = new Set(nodes.map((node) => node.output.name));
    const zero = this.#zeroAfter(gradient);
    const again = (value: Value): Value => {
      const known = values.get(value.name);
      if (known !== undefined) return known;
      if (inside.has(value.name) || this.#isKept(value)) return value;
      const delayed = this.#builder.apply("Add", [value, zero], {});
      values.set(value.name, delayed);
      return delayed;
    };
    for (const { operator, inputs, attributes, output } of nodes) {
      const copy = this.#builder.apply(operator, inputs.map(again), attributes);
      values.set(output.name, copy);
      this.#producers.set(copy.name, this.#builder.nodes.at(-1)!);
    }
    return (value) => values.get(value.name) ?? value;
  }

  /** Initializers and functions of parameters are what they were: no copy, no delay. */
  #isKept({ name }: Value): boolean {
    return this.#parameterLike.has(name);
  }

  /**
   * A zero that exists only once the gradient does. Added to a block's inputs, it keeps the runtime from computing
   * the copy at once, and from finding that it equals the original.
   */
  #zeroAfter(gradient: Value): Value {
    const axes = [...gradient.shape.keys()];
    const first = this.#builder.apply("Slice", [gradient], {
      axes,
      starts: axes.map(() => 0),
      ends: axes.map(() => 1),
    });
    return scale(this.#builder, this.#builder.apply("Reshape", [first], { shape: [] }), 0);
  }
}

/** The names of all values that depend on nothing but `parameters` and initializers. */
function functionsOf(
  parameters: readonly Value[],
  forward: readonly Node[],
  builder: GraphBuilder,
): Set<string> {
  const produced = new Set(
    [...builder.nodes.map((node) => node.output), ...builder.inputs].map((value) => value.name),
  );
  const names = new Set(parameters.map((value) => value.name));
  const isFixed = (value: Value): boolean => names.has(value.name) || !produced.has(value.name);
  for (const { inputs } of forward) for (const value of inputs) if (isFixed(value)) names.add(value.name);
  for (const { inputs, output } of forward) if (inputs.every(isFixed)) names.add(output.name);
  return names;
}
