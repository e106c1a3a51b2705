/** The plan of a graph that runs as a whole. */
import { estimateNode, type CostProfile } from "../cost/index.ts";
import { fixedValues, type Composite, type Graph, type Node, type Value } from "../graph/index.ts";
import { estimateGraph, liveBytes } from "../memory/index.ts";
import { traitsOf } from "./device-traits.ts";
import { algorithmOf } from "./layer-names.ts";
import type { Plan, PlanLayer } from "./plan.ts";

export function graphPlan(graph: Graph, profile: CostProfile): Plan {
  const live = liveBytes(graph, { ownsInputs: true, ownsOutputs: true });
  const fixed = fixedValues(graph);
  const composites = compositeOf(graph);
  const layers = new Map<string, PlanLayer>();
  // A node without a layer belongs to the one before.
  let name = graph.name;
  graph.nodes.forEach((node, index) => {
    if (fixed.has(node.output.name)) return;
    name = node.labels?.layer ?? name;
    const algorithm = algorithmOf(node) ?? usualAlgorithm(composites.get(node));
    const own = { name, node, algorithm, profile, memoryBytes: live[index]! };
    layers.set(name, extended(layers.get(name), own));
  });
  const rows = [...layers.values()];
  const { peakBytes, fileBytes } = estimateGraph(graph, traitsOf(profile.provider));
  return { layers: rows, seconds: rows.reduce((sum, { seconds }) => sum + seconds, 0), peakBytes, fileBytes };
}

/** The nodes of each composite, with its own. */
function compositeOf(graph: Graph): ReadonlyMap<Node, Composite> {
  const producers = new Map(graph.nodes.map((node) => [node.output.name, node]));
  const result = new Map<Node, Composite>();
  for (const composite of graph.composites) {
    const borders = new Set<string>(composite.inputs.map(({ name }) => name));
    const visit = ({ name }: Value): void => {
      const node = producers.get(name);
      if (borders.has(name) || node === undefined || result.has(node)) return;
      result.set(node, composite);
      node.inputs.forEach(visit);
    };
    visit(composite.output);
  }
  return result;
}

interface OwnNode {
  readonly name: string;
  readonly node: Node;
  readonly algorithm: string;
  readonly profile: CostProfile;
  readonly memoryBytes: number;
}

function extended(
  layer: PlanLayer | undefined,
  { name, node, algorithm, profile, memoryBytes }: OwnNode,
): PlanLayer {
  const { shape } = node.output;
  const { seconds } = estimateNode(node, profile);
  return {
    name,
    // Reshapes are between operators, and some shapes are nobody's result.
    shape: (shape.length === 4 && node.operator !== "Reshape") || layer === undefined ? shape : layer.shape,
    algorithm: layer === undefined || layer.algorithm === elementwise ? algorithm : layer.algorithm,
    strips: 1,
    seconds: (layer?.seconds ?? 0) + seconds,
    memoryBytes: Math.max(layer?.memoryBytes ?? 0, memoryBytes),
  };
}

const elementwise = "elementwise";

function usualAlgorithm(composite: Composite | undefined): string {
  if (composite?.kind === "Attention" || composite?.kind === "LinearAttention") return "attention";
  const isNorm = composite?.kind === "GroupNormalization" || composite?.kind === "RMSNormalization";
  return isNorm ? "normalisation" : elementwise;
}
