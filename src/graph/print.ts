/** Graphs as readable text, one node a line, for people and for snapshots. */
import { formatShape } from "../tensor/shape.ts";
import { checkGraph } from "./check-graph.ts";
import type { Graph, Node, Value } from "./graph.ts";

/** `graph decoder(z: float32[1, 4, 8, 8]) -> (sample: float32[1, 3, 64, 64]) { … }`. */
export function print(graph: Graph): string {
  checkGraph(graph, "print");
  const head = `graph ${graph.name}(${typedList(graph.inputs)}) -> (${typedList(graph.outputs)})`;
  return [`${head} {`, ...graph.nodes.map((node) => `  ${printNode(node)}`), "}"].join("\n");
}

function printNode(node: Node): string {
  const inputs = node.inputs.map((input) => input.name).join(", ");
  const attributes = Object.entries(node.attributes)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(" ");
  return `${typed(node.output)} = ${node.operator}(${inputs})${attributes === "" ? "" : ` {${attributes}}`}`;
}

const typed = ({ name, dtype, shape }: Value): string => `${name}: ${dtype}${formatShape(shape)}`;

const typedList = (values: readonly Value[]): string => values.map(typed).join(", ");
