/** Graphs as readable text, one node a line, with its labels, and then what is known as a whole; for people and for snapshots. */
import { formatShape } from "../tensor/shape.ts";
import { checkGraph } from "./check-graph.ts";
import type { Composite, Graph, Node, Value } from "./graph.ts";
import { labelsText } from "./labels.ts";

/** `graph decoder(z: float32[1, 4, 8, 8]) -> (sample: float32[1, 3, 64, 64]) { … }`. */
export function print(graph: Graph): string {
  checkGraph(graph, "print");
  const head = `graph ${graph.name}(${typedList(graph.inputs)}) -> (${typedList(graph.outputs)})`;
  const composites = graph.composites.map((composite) => `  ${printComposite(composite)}`);
  return [`${head} {`, ...graph.nodes.map((node) => `  ${printNode(node)}`), ...composites, "}"].join("\n");
}

function printComposite({ kind, inputs, output, ...attributes }: Composite): string {
  const names = inputs.map(({ name }: Value) => name).join(", ");
  return `# ${output.name}: ${kind} of ${names}${printAttributes(attributes)}`;
}

function printAttributes(attributes: object): string {
  const written = Object.entries(attributes).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return written.length === 0 ? "" : ` {${written.join(" ")}}`;
}

function printNode(node: Node): string {
  const inputs = node.inputs.map((input) => input.name).join(", ");
  const labels = labelsText(node.labels ?? {});
  const comment = labels === "" ? "" : ` # ${labels}`;
  return `${typed(node.output)} = ${node.operator}(${inputs})${printAttributes(node.attributes)}${comment}`;
}

const typed = ({ name, dtype, shape }: Value): string => `${name}: ${dtype}${formatShape(shape)}`;

const typedList = (values: readonly Value[]): string => values.map(typed).join(", ");
