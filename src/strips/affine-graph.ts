/** What the statistics of all normalisations need of the weights, in one graph. */
import { GraphBuilder, GraphCopy, type Graph, type Value } from "../graph/index.ts";
import { sumOf, type LeftOutBiases } from "./left-out-biases.ts";
import type { Segmentation } from "./segments.ts";

/** Names of the graph's outputs, by the output of the normalisation: C numbers each. */
export const affineNames = {
  weight: (norm: Value) => `${norm.name}.weight`,
  bias: (norm: Value) => `${norm.name}.bias`,
  offset: (norm: Value) => `${norm.name}.offset`,
} as const;

/** @param lacking biases that are left out, by the names of the values that lack them. */
export function affineGraph(
  graph: Graph,
  { norms, fixed }: Segmentation,
  lacking: LeftOutBiases["lacking"],
): Graph {
  const builder = new GraphBuilder("affine");
  const copy = new GraphCopy(graph, builder);
  for (const node of graph.nodes) {
    if (fixed.has(node.output.name)) copy.set(node.output, copy.apply(node));
  }
  const outputs = norms.flatMap(({ inputs: [x, weight, bias], output }): [string, Value][] => {
    const biases = lacking.get(x.name)?.map((each) => copy.at(each));
    return [
      [affineNames.weight(output), copy.at(weight)],
      [affineNames.bias(output), copy.at(bias)],
      ...(biases === undefined
        ? []
        : [[affineNames.offset(output), sumOf(builder, biases)] as [string, Value]]),
    ];
  });
  // An output must be the result of a node.
  return builder.build(
    Object.fromEntries(outputs.map(([name, value]) => [name, builder.apply("Identity", [value], {})])),
  );
}
