/** A graph whose outputs come under the shapes in which they are made. */
import { GraphBuilder, GraphCopy, type Graph, type Value } from "../graph/index.ts";

/**
 * Leaves out the Reshape at which an output ends: as the last node it would be a copy. Tensors of a program are ranges of memory,
 * which every graph sees under shapes of its own.
 */
export function asMade(graph: Graph): Graph {
  const producers = new Map(graph.nodes.map((node) => [node.output.name, node]));
  const builder = new GraphBuilder(graph.name);
  const copy = new GraphCopy(graph, builder);
  for (const value of graph.inputs) copy.set(value, builder.input(value.name, value.dtype, value.shape));
  for (const node of graph.nodes) copy.set(node.output, copy.apply(node));
  const made = (value: Value): Value => {
    const node = producers.get(value.name);
    const [source] = node?.operator === "Reshape" ? node.inputs : [];
    return source !== undefined && producers.has(source.name) ? made(source) : value;
  };
  return builder.build(Object.fromEntries(graph.outputs.map((value) => [value.name, copy.at(made(value))])));
}
