/** A rewrite: a graph copied node by node, with some nodes replaced by others that compute the same. */
import {
  GraphBuilder,
  renameComposite,
  type Graph,
  type Node,
  type OperatorAttributes,
  type OperatorName,
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
}

/** Gives the value that takes the place of a node's output; undefined leaves the node as it is. */
export type RewriteRule = (node: Node, context: RewriteContext) => Value | undefined;

/** A graph with the same inputs and outputs. Nodes that nothing reads any more are left out. */
export function rewrite(graph: Graph, rule: RewriteRule): Graph {
  const builder = new GraphBuilder(graph.name);
  const values = new Map<string, Value>();
  for (const { name, dtype, shape } of graph.inputs) values.set(name, builder.input(name, dtype, shape));
  for (const { value, data } of graph.initializers) {
    const copy =
      "stored" in data
        ? builder.stored(data.stored, value.shape)
        : builder.constant(value.name, data.constant);
    values.set(value.name, copy);
  }
  const producers = new Map(graph.nodes.map((node) => [node.output.name, node]));
  const context: RewriteContext = {
    builder,
    at: (value) => values.get(value.name)!,
    producerOf: (value) => producers.get(value.name),
  };
  for (const node of graph.nodes) {
    const output = builder.inScopeOf(node.output.name, () => rule(node, context) ?? copyNode(node, context));
    values.set(node.output.name, output);
  }
  for (const composite of graph.composites) builder.composite(renameComposite(composite, context.at));
  return builder.build(Object.fromEntries(graph.outputs.map((value) => [value.name, context.at(value)])));
}

function copyNode({ operator, inputs, attributes }: Node, { builder, at }: RewriteContext): Value {
  // One K for the operator and its attributes, which TypeScript cannot see across a union.
  return builder.apply<OperatorName>(
    operator,
    inputs.map(at),
    attributes as OperatorAttributes[OperatorName],
  );
}
