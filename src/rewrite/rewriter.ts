/** A rewrite: a graph copied node by node, with some nodes replaced by others that compute the same. */
import {
  GraphBuilder,
  GraphCopy,
  renameComposite,
  type Composite,
  type Graph,
  type Node,
  type Value,
} from "../graph/index.ts";

/** What a rule knows of the graph that it rewrites. */
export interface RewriteContext {
  /** Takes the new nodes. */
  readonly builder: GraphBuilder;
  /** The new graph's value for one of the old graph. */
  readonly at: (value: Value) => Value;
  /** The old graph's node that makes a value; undefined for inputs and initializers. */
  readonly producerOf: (value: Value) => Node | undefined;
  /** The old graph's composite that ends with a value. */
  readonly compositeOf: (value: Value) => Composite | undefined;
}

/** Gives the value that takes the place of a node's output; undefined leaves the node as it is. */
export type RewriteRule = (node: Node, context: RewriteContext) => Value | undefined;

/** A graph with the same inputs and outputs. Nodes that nothing reads any more are left out. */
export function rewrite(graph: Graph, rule: RewriteRule): Graph {
  const builder = new GraphBuilder(graph.name);
  const copy = new GraphCopy(graph, builder);
  for (const value of graph.inputs) copy.set(value, builder.input(value.name, value.dtype, value.shape));
  const producers = new Map(graph.nodes.map((node) => [node.output.name, node]));
  const composites = new Map(graph.composites.map((composite) => [composite.output.name, composite]));
  const context: RewriteContext = {
    builder,
    at: (value) => copy.at(value),
    producerOf: (value) => producers.get(value.name),
    compositeOf: (value) => composites.get(value.name),
  };
  for (const node of graph.nodes) {
    const output = builder.insteadOf(node, () => rule(node, context) ?? copy.apply(node));
    copy.set(node.output, output);
  }
  for (const composite of graph.composites) builder.composite(renameComposite(composite, context.at));
  return builder.build(Object.fromEntries(graph.outputs.map((value) => [value.name, copy.at(value)])));
}
