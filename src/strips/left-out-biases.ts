/**
 * Biases that no pixel is given. A normalisation may add them to its summand, and a sum may pass them on, so of a chain of residual
 * blocks, each adding the last one's result, only that value gets its biases, all at once, which something else reads.
 */
import type { Graph, GraphBuilder, Value } from "../graph/index.ts";
import type { Segmentation } from "./segments.ts";
import { isNorm, type Step } from "./step.ts";

export interface LeftOutBiases {
  /** By the name of a value: what every pixel of it lacks, the sum of these. */
  readonly lacking: ReadonlyMap<string, readonly Value[]>;
  /** By the name of a sum: what its terms lack and it does not. */
  readonly restored: ReadonlyMap<string, readonly Value[]>;
}

export function leftOutBiases(graph: Graph, { segments, fixed }: Segmentation): LeftOutBiases {
  const steps = segments.flatMap((segment): readonly Step[] =>
    segment.kind === "local" ? segment.steps : [segment.composite],
  );
  const computed = new Set(steps.map(({ output }) => output.name));
  const isSum = (step: Step): boolean =>
    !("kind" in step) && step.operator === "Add" && step.inputs.every(({ name }) => !fixed.has(name));
  /** What something reads that neither normalises nor adds. */
  const needing = new Set(graph.outputs.map(({ name }) => name));
  for (const step of steps) {
    if (!isNorm(step) && !isSum(step)) for (const { name } of step.inputs) needing.add(name);
  }
  const lacking = new Map<string, readonly Value[]>();
  const restored = new Map<string, readonly Value[]>();
  for (const { operator, inputs, output } of graph.nodes.filter((node) => computed.has(node.output.name))) {
    const own = operator === "Conv" ? inputs.slice(2) : [];
    const passed = operator === "Add" ? inputs.flatMap(({ name }) => lacking.get(name) ?? []) : [];
    const biases = [...own, ...passed];
    if (biases.length === 0) continue;
    if (!needing.has(output.name)) lacking.set(output.name, biases);
    else if (passed.length > 0) restored.set(output.name, passed);
  }
  return { lacking, restored };
}

export const sumOf = (builder: GraphBuilder, biases: readonly Value[]): Value =>
  biases.reduce((sum, bias) => builder.apply("Add", [sum, bias], {}));
