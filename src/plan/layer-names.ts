/** Layers as people call them: by the names of their weights. */
import { transformationOf } from "../cost/index.ts";
import { invariant } from "../errors.ts";
import { fixedValues, type Graph, type Node, type Value } from "../graph/index.ts";

/** `….conv1.weight` → `….conv1` */
const layerName = (weight: string): string => weight.replace(/\.(weight|bias)$/, "");

/** The layer to which each value belongs that depends on weights alone, by the value's name. */
export function layersOfWeights(graph: Graph): Map<string, string> {
  const layers = new Map<string, string>();
  for (const { value, data } of graph.initializers) {
    if ("stored" in data) layers.set(value.name, layerName(value.name));
  }
  const fixed = fixedValues(graph);
  for (const { inputs, output } of graph.nodes) {
    if (!fixed.has(output.name)) continue;
    const layer = inputs.map(({ name }) => layers.get(name)).find((name) => name !== undefined);
    if (layer !== undefined) layers.set(output.name, layer);
  }
  return layers;
}

/** The nodes of each composite, with its own. */
export function compositeOf(graph: Graph): Map<Node, Graph["composites"][number]> {
  const producers = new Map(graph.nodes.map((node) => [node.output.name, node]));
  const result = new Map<Node, Graph["composites"][number]>();
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

/** `a.b.conv2 + conv_shortcut` */
export function joinedNames(names: readonly string[]): string {
  const [first, ...rest] = [...new Set(names)];
  invariant(first !== undefined, "plan: a layer without a name");
  const scope = parentOf(first);
  return [
    first,
    ...rest.map((name) => (parentOf(name) === scope ? name.slice(scope.length + 1) : name)),
  ].join(" + ");
}

export const parentOf = (name: string): string => name.slice(0, Math.max(0, name.lastIndexOf(".")));

/** How a node is computed, if that is worth a word. */
export function algorithmOf(node: Node): string | undefined {
  const found = transformationOf(node);
  if (found?.transform === "upsampling") return "upsampling 3x3";
  if (found !== undefined) return `Winograd ${found.transform}x${found.transform}`;
  // With the channels last, a pixel's channels are a row of the left matrix.
  if (node.operator === "MatMul" && node.output.shape.length === 2) return "product 1x1";
  if (node.operator !== "Conv") return undefined;
  const [height, width] = node.inputs[1]!.shape.slice(2) as [number, number];
  const isSpread = node.attributes.strides[0] > 1;
  if (height === 2) return "folded 2x2";
  return height === 1 && !isSpread
    ? "product 1x1"
    : `direct ${height}x${width}${isSpread ? " stride 2" : ""}`;
}
