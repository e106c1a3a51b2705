/** A graph that tells of every layer of another whether its values are finite, in place of computing the result. */
import {
  fixedValues,
  GraphBuilder,
  GraphCopy,
  type Graph,
  type Node,
  type OperatorName,
  type Value,
} from "../graph/index.ts";
import type { Runtime } from "../runtime/index.ts";
import { sizeOf } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";

/** Operators that move values and make none. */
const moving = new Set<OperatorName>([
  "Cast",
  "Concat",
  "Expand",
  "Identity",
  "Pad",
  "Reshape",
  "Resize",
  "Slice",
  "Transpose",
]);

interface Probe {
  readonly layer: string;
  /** A scalar: 0 where all values of the layer are finite, NaN otherwise. */
  readonly value: Value;
}

/** What the results of all layers take together: a runtime may hold them at once while it probes. */
export function probingBytes(graph: Graph): number {
  return graph.nodes.reduce((sum, { output }) => sum + 4 * sizeOf(output.shape), 0);
}

/**
 * The first layer of a graph whose result is not finite, by its module's name: `decoder.mid_block.resnets.0.conv1`.
 *
 * @returns undefined when every layer's is finite.
 */
export async function firstNonFiniteLayer(
  runtime: Runtime,
  graph: Graph,
  x: Tensor<"float32">,
): Promise<string | undefined> {
  const { probed, layers } = probedGraph(graph);
  const session = await runtime.createSession(probed);
  try {
    const results = await session.run({ [graph.inputs[0]!.name]: x });
    return [...layers].find(([output]) => Number.isNaN(results[output]!.data[0]))?.[1];
  } finally {
    await session.dispose();
  }
}

/** @returns the graph, and for each of its outputs the layer that it tells of, in the order of computation. */
function probedGraph(graph: Graph): { probed: Graph; layers: ReadonlyMap<string, string> } {
  const builder = new GraphBuilder(`${graph.name}_layers`);
  const copy = new GraphCopy(graph, builder);
  for (const input of graph.inputs) copy.set(input, builder.input(input.name, input.dtype, input.shape));
  const zero = builder.constant("probe_zero", Tensor.zeros([]));
  const probes: Probe[] = [];
  const fixed = fixedValues(graph);
  for (const node of graph.nodes) {
    const value = copy.set(node.output, copy.apply(node));
    if (fixed.has(node.output.name) || moving.has(node.operator)) continue;
    // Zero times a number that is not finite is NaN, and a sum keeps it.
    const zeros = builder.apply("Mul", [value, zero], {});
    const axes = value.shape.map((_, axis) => axis);
    const sum = builder.apply("ReduceSum", [zeros], { axes, keepdims: false });
    probes.push({ layer: layerOf(node, graph), value: sum });
  }
  const outputs = probes.map(({ layer, value }, i) => ({ output: `probe_${i}`, layer, value }));
  return {
    probed: builder.build(Object.fromEntries(outputs.map(({ output, value }) => [output, value]))),
    layers: new Map(outputs.map(({ output, layer }) => [output, layer])),
  };
}

/** The layer of a node; else the module in whose scope it stands; else the graph. */
function layerOf({ output, labels }: Node, graph: Graph): string {
  if (labels?.layer !== undefined) return labels.layer;
  const end = output.name.indexOf("/");
  return end < 0 ? graph.name : output.name.slice(0, end);
}
