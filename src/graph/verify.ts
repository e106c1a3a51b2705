/** Checks a graph's promises; tests run it after every transformation. */
import { invariant } from "../errors.ts";
import { formatShape, sameShape, sizeOf } from "../tensor/shape.ts";
import { checkGraph } from "./check-graph.ts";
import type { Graph, Initializer, Value } from "./graph.ts";
import { infer } from "./infer.ts";

/**
 * Every name is unique, every input is defined before it is used with the type it was defined with, every
 * output's type follows from its operator, and every initializer has the bytes that its type needs.
 *
 * @throws InternalError on the first broken promise.
 */
export function verify(graph: Graph): void {
  checkGraph(graph, "verify");
  const defined = new Map<string, Value>();
  const define = (value: Value): void => {
    invariant(!defined.has(value.name), `${graph.name}: ${value.name} is defined twice`);
    defined.set(value.name, value);
  };
  const use = (value: Value, user: string): void => {
    const definition = defined.get(value.name);
    invariant(definition !== undefined, `${graph.name}: ${user} uses ${value.name} before it is defined`);
    checkSameType(definition, value, `${graph.name}: ${user}`);
  };

  graph.inputs.forEach(define);
  for (const initializer of graph.initializers) {
    checkInitializer(initializer);
    define(initializer.value);
  }
  for (const node of graph.nodes) {
    for (const input of node.inputs) use(input, node.output.name);
    const inferred = infer(node.operator, node.inputs, node.attributes);
    checkSameType({ name: node.output.name, ...inferred }, node.output, `${graph.name}: ${node.operator}`);
    define(node.output);
  }
  for (const output of graph.outputs) use(output, "the list of outputs");
}

function checkSameType(expected: Value, found: Value, where: string): void {
  invariant(
    expected.dtype === found.dtype && sameShape(expected.shape, found.shape),
    `${where}: ${found.name} is ${expected.dtype} ${formatShape(expected.shape)}, not ${found.dtype} ${formatShape(found.shape)}`,
  );
}

function checkInitializer({ value, data }: Initializer): void {
  const source = "stored" in data ? data.stored : data.constant;
  invariant(
    source.dtype === value.dtype && sizeOf(source.shape) === sizeOf(value.shape),
    `${value.name}: ${value.dtype} ${formatShape(value.shape)} cannot hold ${source.dtype} ${formatShape(source.shape)}`,
  );
}
