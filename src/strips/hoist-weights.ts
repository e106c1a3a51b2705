/**
 * Splits what depends on weights alone from the rest of a graph: it is computed once for all strips, and the graph of
 * a strip becomes one that every layer of the same shape shares.
 */
import { GraphBuilder, GraphCopy, type Graph, type Value } from "../graph/index.ts";

export interface HoistedWeights {
  /** No inputs; the outputs `weight_0`, `weight_1`, … are what `strip` takes under these names. */
  readonly weights: Graph | undefined;
  /** No stored initializers; small constants stay. Outputs come under the shapes in which they are made. */
  readonly strip: Graph;
}

export const weightName = (index: number): string => `weight_${index}`;

export function hoistWeights(graph: Graph): HoistedWeights {
  const stored = new Set(
    graph.initializers.flatMap(({ value, data }) => ("stored" in data ? [value.name] : [])),
  );
  const constants = new Set(
    graph.initializers.flatMap(({ value, data }) => ("stored" in data ? [] : [value.name])),
  );
  const hoisted = hoistedValues(graph, stored, constants);
  const crossing = crossingValues(graph, hoisted);
  return {
    weights: crossing.length === 0 ? undefined : weightsGraph(graph, hoisted, crossing),
    strip: remainder(graph, hoisted, crossing),
  };
}

/** The stored weights, and what is computed from them and from constants. */
function hoistedValues(
  graph: Graph,
  stored: ReadonlySet<string>,
  constants: ReadonlySet<string>,
): Set<string> {
  const hoisted = new Set(stored);
  for (const { inputs, output } of graph.nodes) {
    const isFixed = inputs.every(({ name }) => hoisted.has(name) || constants.has(name));
    if (isFixed && inputs.some(({ name }) => hoisted.has(name))) hoisted.add(output.name);
  }
  // A Reshape at the border stays: of an input it is a view, as the last node it would be a copy.
  for (const { operator, output } of graph.nodes.toReversed()) {
    const isRead = (): boolean =>
      graph.nodes.some(
        (node) => hoisted.has(node.output.name) && node.inputs.some(({ name }) => name === output.name),
      );
    if (operator === "Reshape" && hoisted.has(output.name) && !isRead()) hoisted.delete(output.name);
  }
  return hoisted;
}

/** The hoisted values that other nodes read, each once. */
function crossingValues(graph: Graph, hoisted: ReadonlySet<string>): Value[] {
  const readers = graph.nodes.filter(({ output }) => !hoisted.has(output.name));
  const read = readers.flatMap(({ inputs }) => inputs.filter(({ name }) => hoisted.has(name)));
  return [...new Map(read.map((value) => [value.name, value])).values()];
}

function weightsGraph(graph: Graph, hoisted: ReadonlySet<string>, crossing: readonly Value[]): Graph {
  const builder = new GraphBuilder("weights");
  const copy = new GraphCopy(graph, builder);
  // In the order of the layers, by which people know them.
  for (const { value } of graph.initializers) if (hoisted.has(value.name)) copy.at(value);
  for (const node of graph.nodes) if (hoisted.has(node.output.name)) copy.set(node.output, copy.apply(node));
  const computed = new Set(graph.nodes.map(({ output }) => output.name));
  const outputs = crossing.map((value, index): [string, Value] => [
    weightName(index),
    // An output must be the result of a node.
    computed.has(value.name) ? copy.at(value) : builder.apply("Identity", [copy.at(value)], {}),
  ]);
  return builder.build(Object.fromEntries(outputs));
}

function remainder(graph: Graph, hoisted: ReadonlySet<string>, crossing: readonly Value[]): Graph {
  const builder = new GraphBuilder(graph.name);
  const copy = new GraphCopy(graph, builder);
  for (const value of graph.inputs) copy.set(value, builder.input(value.name, value.dtype, value.shape));
  crossing.forEach((value, index) => {
    copy.set(value, builder.input(weightName(index), value.dtype, value.shape));
  });
  for (const node of graph.nodes) if (!hoisted.has(node.output.name)) copy.set(node.output, copy.apply(node));
  const made = asMade(graph);
  return builder.build(Object.fromEntries(graph.outputs.map((value) => [value.name, copy.at(made(value))])));
}

/**
 * An output before the Reshape at which it ends: as the last node that would be a copy. Tensors of a program are ranges of memory,
 * which every graph sees under shapes of its own.
 */
function asMade(graph: Graph): (output: Value) => Value {
  const producers = new Map(graph.nodes.map((node) => [node.output.name, node]));
  const made = (value: Value): Value => {
    const node = producers.get(value.name);
    const [source] = node?.operator === "Reshape" ? node.inputs : [];
    return source !== undefined && producers.has(source.name) ? made(source) : value;
  };
  return made;
}
