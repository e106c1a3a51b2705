/** The plan of a graph that runs at once. */
import { estimateNode, transformationOf, type CostProfile } from "../cost/index.ts";
import { fixedValues, type Graph, type Node } from "../graph/index.ts";
import { estimateGraph, liveBytes } from "../memory/index.ts";
import type { Plan, PlanLayer } from "./plan.ts";
import { algorithmOf, compositeOf, layersOfWeights } from "./layer-names.ts";

export function graphPlan(graph: Graph, profile: CostProfile): Plan {
  const live = liveBytes(graph, { ownsInputs: true, ownsOutputs: true });
  const bytesAt = new Map(graph.nodes.map((node, index) => [node, live[index]!]));
  const layers = new Map<string, PlanLayer>();
  for (const { node, name } of namedNodes(graph)) {
    layers.set(name, extended(layers.get(name), { name, node, profile, memoryBytes: bytesAt.get(node)! }));
  }
  const rows = [...layers.values()];
  const { peakBytes, fileBytes } = estimateGraph(graph);
  return { layers: rows, seconds: rows.reduce((sum, { seconds }) => sum + seconds, 0), peakBytes, fileBytes };
}

/** The nodes that depend on an input, each with its layer. */
function namedNodes(graph: Graph): { node: Node; name: string }[] {
  const fixed = fixedValues(graph);
  const nameOf = namesOf(graph);
  const nodes = graph.nodes.filter(({ output }) => !fixed.has(output.name));
  let next: string | undefined;
  const begins = nodes
    .toReversed()
    .map((node) => {
      const name = nameOf(node);
      next = name ?? next;
      // What transforms a convolution's input knows no weights yet.
      return transformationOf(node)?.part === "input" ? next : name;
    })
    .toReversed();
  let name = graph.name;
  return nodes.map((node, index) => {
    name = begins[index] ?? name;
    return { node, name };
  });
}

/** The layer that begins with a node; undefined where it belongs to the one before. */
function namesOf(graph: Graph): (node: Node) => string | undefined {
  const layers = layersOfWeights(graph);
  const composites = compositeOf(graph);
  return (node) => {
    const composite = composites.get(node);
    if (composite?.kind === "GroupNormalization") return layers.get(composite.inputs[1].name);
    if (composite?.kind === "Attention") return composite.output.name.replace(/\/[^/]*$/, ".attention");
    return node.inputs.map(({ name }) => layers.get(name)).find((layer) => layer !== undefined);
  };
}

function extended(
  layer: PlanLayer | undefined,
  {
    name,
    node,
    profile,
    memoryBytes,
  }: { name: string; node: Node; profile: CostProfile; memoryBytes: number },
): PlanLayer {
  const { shape } = node.output;
  const { seconds } = estimateNode(node, profile);
  const algorithm = algorithmOf(node) ?? layer?.algorithm ?? usualAlgorithm(name);
  return {
    name,
    // Reshapes are between operators, and some shapes are nobody's result.
    shape: (shape.length === 4 && node.operator !== "Reshape") || layer === undefined ? shape : layer.shape,
    algorithm: algorithm.startsWith("product") ? (layer?.algorithm ?? algorithm) : algorithm,
    strips: 1,
    seconds: (layer?.seconds ?? 0) + seconds,
    memoryBytes: Math.max(layer?.memoryBytes ?? 0, memoryBytes),
  };
}

function usualAlgorithm(name: string): string {
  if (name.endsWith(".attention")) return "attention";
  return /norm[^.]*$/.test(name) ? "normalisation" : "elementwise";
}
