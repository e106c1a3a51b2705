/** What is known of a graph without its inputs. */
import { bytesPerElement } from "../tensor/dtype.ts";
import { sizeOf } from "../tensor/shape.ts";
import type { Graph } from "./graph.ts";

/** Names of the values that depend on initializers alone. */
export function fixedValues({ initializers, nodes }: Pick<Graph, "initializers" | "nodes">): Set<string> {
  const fixed = new Set(initializers.map(({ value }) => value.name));
  for (const { inputs, output } of nodes) {
    if (inputs.every(({ name }) => fixed.has(name))) fixed.add(output.name);
  }
  return fixed;
}

/**
 * Bytes of what depends on weights alone up to which it is computed once, where memory is never given back: a small model's kernels, as
 * Winograd's form has them. A large model's would be several times its weights.
 */
export const mostFoldedBytes = 2 ** 25;

/** Bytes of what depends on initializers alone, as far as other nodes read it: what a session holds that computes it once. */
export function foldedBytes(graph: Graph): number {
  const fixed = fixedValues(graph);
  const read = new Set(graph.outputs.map(({ name }) => name));
  for (const { inputs, output } of graph.nodes) {
    if (!fixed.has(output.name)) for (const { name } of inputs) read.add(name);
  }
  const folded = graph.nodes.filter(({ output }) => fixed.has(output.name) && read.has(output.name));
  return folded.reduce((sum, { output }) => sum + sizeOf(output.shape) * bytesPerElement(output.dtype), 0);
}
