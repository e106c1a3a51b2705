/** What is known of a graph without its inputs. */
import type { Graph } from "./graph.ts";

/** Names of the values that depend on initializers alone. */
export function fixedValues({ initializers, nodes }: Pick<Graph, "initializers" | "nodes">): Set<string> {
  const fixed = new Set(initializers.map(({ value }) => value.name));
  for (const { inputs, output } of nodes) {
    if (inputs.every(({ name }) => fixed.has(name))) fixed.add(output.name);
  }
  return fixed;
}
