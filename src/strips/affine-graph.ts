/** What the statistics of all normalisations need of the weights, in one graph that runs once. */
import { GraphBuilder, GraphCopy, type Graph, type Value } from "../graph/index.ts";
import type { Segmentation } from "./segments.ts";

/** Names of the graph's outputs, by the output of the normalisation: [C, 1, 1] or [C] each. */
export const affineNames = {
  weight: (norm: Value) => `${norm.name}.weight`,
  bias: (norm: Value) => `${norm.name}.bias`,
  offset: (norm: Value) => `${norm.name}.offset`,
} as const;

/**
 * @param biases that convolutions left out, by the names of their results.
 * @returns undefined when nothing is normalised.
 */
export function affineGraph(
  graph: Graph,
  { norms, fixed }: Segmentation,
  biases: ReadonlyMap<string, Value>,
): Graph | undefined {
  if (norms.length === 0) return undefined;
  const builder = new GraphBuilder("affine");
  const copy = new GraphCopy(graph, builder);
  for (const node of graph.nodes) {
    if (fixed.has(node.output.name)) copy.set(node.output, copy.apply(node));
  }
  const outputs = norms.flatMap(({ inputs: [x, weight, bias], output }): [string, Value][] => {
    const offset = biases.get(x.name);
    return [
      [affineNames.weight(output), weight],
      [affineNames.bias(output), bias],
      ...(offset === undefined ? [] : [[affineNames.offset(output), offset] as [string, Value]]),
    ];
  });
  // An output must be the result of a node.
  return builder.build(
    Object.fromEntries(
      outputs.map(([name, value]) => [name, builder.apply("Identity", [copy.at(value)], {})]),
    ),
  );
}
