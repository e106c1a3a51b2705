/**
 * Cuts a graph where whole pictures are needed. Group normalisation needs its statistics over all rows, and
 * attention reads all pixels; everything between is computed row by row, and is one segment.
 */
import { VaekitError } from "../errors.ts";
import {
  fixedValues,
  type Attention,
  type Composite,
  type Graph,
  type GroupNormalization,
  type LinearAttention,
  type Node,
  type Value,
} from "../graph/index.ts";
import { keepSharedSums } from "./computed-once.ts";
import { rowRule } from "./rows.ts";
import { isNorm, type Step, type WholeComposite } from "./step.ts";

/** A part of the graph that is computed strip by strip from maps that are kept, and makes maps that are kept. */
export interface LocalSegment {
  readonly kind: "local";
  /** The kept maps that it reads. */
  readonly inputs: readonly Value[];
  /** Its nodes in order; a normalisation counts as one, with its statistics known. */
  readonly steps: readonly (Node | GroupNormalization)[];
  /** The kept maps that it makes, all of one height. */
  readonly outputs: readonly Value[];
}

export interface AttentionSegment {
  readonly kind: "attention";
  readonly composite: Attention | LinearAttention;
}

export type Segment = LocalSegment | AttentionSegment;

/** A graph as segments in an order that can be executed. */
export interface Segmentation {
  readonly segments: readonly Segment[];
  /** The normalisations, each of a kept map. */
  readonly norms: readonly GroupNormalization[];
  /** Names of the values that depend on initializers alone. */
  readonly fixed: ReadonlySet<string>;
}

/** @throws UNSUPPORTED when an operator outside of the composites does not work row by row. */
export function segmentation(graph: Graph): Segmentation {
  const fixed = fixedValues(graph);
  const steps = coarseSteps(graph, fixed);
  const kept = keptMaps(graph, steps, fixed);
  const producers = new Map(steps.map((step) => [step.output.name, step]));
  const segments: Segment[] = [];
  for (const step of steps) {
    if (!kept.has(step.output.name)) continue;
    if ("kind" in step && !isNorm(step)) segments.push({ kind: "attention", composite: step });
    else addSegment(segments, segmentOf(step.output, producers, kept, fixed, steps));
  }
  return { segments, norms: steps.filter(isNorm), fixed };
}

/** The nodes that depend on inputs, each composite's as one step. */
function coarseSteps(graph: Graph, fixed: ReadonlySet<string>): Step[] {
  const composites = new Map(graph.composites.filter(isWhole).map((each) => [each.output.name, each]));
  const inside = insideOf(graph);
  return graph.nodes
    .filter(({ output }) => !inside.has(output.name) && !fixed.has(output.name))
    .map((node) => composites.get(node.output.name) ?? node);
}

const isWhole = (composite: Composite): composite is WholeComposite =>
  composite.kind === "Attention" ||
  composite.kind === "GroupNormalization" ||
  composite.kind === "LinearAttention";

/** The values strictly inside of the composites that need whole pictures. */
function insideOf(graph: Graph): Set<string> {
  const producers = new Map(graph.nodes.map((node) => [node.output.name, node]));
  const inside = new Set<string>();
  for (const { inputs, output } of graph.composites.filter(isWhole)) {
    const borders = new Set(inputs.map(({ name }) => name));
    const visit = (value: Value): void => {
      for (const input of producers.get(value.name)?.inputs ?? []) {
        if (borders.has(input.name) || inside.has(input.name)) continue;
        if (producers.has(input.name)) inside.add(input.name);
        visit(input);
      }
    };
    visit(output);
  }
  return inside;
}

/**
 * The maps that must exist as a whole: what statistics and attention are taken of, and inputs and outputs. Besides,
 * what lies between two convolutions with a halo, so that halos do not add up; what a normalisation of pixels reads,
 * since a residual block reads it once more; and what a 1x1 convolution makes narrower before it waits for its use.
 */
function keptMaps(graph: Graph, steps: readonly Step[], fixed: ReadonlySet<string>): Set<string> {
  const kept = new Set([...graph.inputs, ...graph.outputs].map(({ name }) => name));
  for (const step of steps) {
    if (!("kind" in step)) continue;
    if (isNorm(step)) kept.add(step.inputs[0].name);
    else for (const { name } of [...step.inputs, step.output]) kept.add(name);
  }
  for (const { kind, inputs } of graph.composites) if (kind === "RMSNormalization") kept.add(inputs[0].name);
  const hasHalo = new Set<string>();
  for (const step of steps) {
    const sources = step.inputs.filter(({ name }) => !fixed.has(name) && !kept.has(name));
    const isHaloed = sources.some(({ name }) => hasHalo.has(name));
    if (isHaloed) hasHalo.add(step.output.name);
    if ("kind" in step || step.operator !== "Conv") continue;
    const [x, weight] = step.inputs as [Value, Value];
    if (weight.shape[2]! > 1) {
      if (hasHalo.has(x.name)) kept.add(beforeUpsampling(x, steps).name);
      hasHalo.add(step.output.name);
    } else if (kept.has(x.name) && weight.shape[0]! < weight.shape[1]!) kept.add(step.output.name);
  }
  keepSharedSums(steps, kept);
  return kept;
}

/** The small picture that a value is an upsampled one of, or the value itself. */
function beforeUpsampling(value: Value, steps: readonly Step[]): Value {
  const producer = steps.find(({ output }) => output.name === value.name);
  const isUpsampling = producer !== undefined && !("kind" in producer) && producer.operator === "Resize";
  return isUpsampling ? beforeUpsampling(producer.inputs[0]!, steps) : value;
}

function segmentOf(
  output: Value,
  producers: ReadonlyMap<string, Step>,
  kept: ReadonlySet<string>,
  fixed: ReadonlySet<string>,
  order: readonly Step[],
): LocalSegment {
  const inputs = new Map<string, Value>();
  const used = new Set<Step>();
  const visit = (step: Step): void => {
    if (used.has(step)) return;
    used.add(step);
    for (const value of isNorm(step) ? [step.inputs[0]] : step.inputs) {
      if (fixed.has(value.name)) continue;
      if (kept.has(value.name)) inputs.set(value.name, value);
      else visit(producers.get(value.name)!);
    }
  };
  visit(producers.get(output.name)!);
  const steps = order.filter((step) => used.has(step)).map(checkedStep);
  return { kind: "local", inputs: [...inputs.values()], steps, outputs: [output] };
}

function checkedStep(step: Step): Node | GroupNormalization {
  if (isNorm(step)) return step;
  if (!("kind" in step) && rowRule(step) !== "all") return step;
  const what = "kind" in step ? step.kind : step.operator;
  throw new VaekitError(
    "UNSUPPORTED",
    `exact tiling: ${what} (${step.output.name}) does not work row by row.`,
  );
}

/** Adds a segment, to the earlier one that reads the same maps and statistics where there is one. */
function addSegment(segments: Segment[], segment: LocalSegment): void {
  const names = namesRead(segment);
  const reads = (earlier: LocalSegment): boolean => {
    const read = new Set(namesRead(earlier));
    return names.every((name) => read.has(name));
  };
  const index = segments.findIndex(
    (earlier) =>
      earlier.kind === "local" &&
      earlier.outputs[0]!.shape[2] === segment.outputs[0]!.shape[2] &&
      reads(earlier),
  );
  const host = segments[index];
  if (host?.kind !== "local") {
    segments.push(segment);
    return;
  }
  segments[index] = {
    ...host,
    steps: [...new Set([...host.steps, ...segment.steps])],
    outputs: [...host.outputs, ...segment.outputs],
  };
}

/** The maps and the statistics that a segment waits for. */
const namesRead = ({ inputs, steps }: LocalSegment): string[] => [
  ...inputs.map(({ name }) => name),
  ...steps.filter(isNorm).map(({ output }) => output.name),
];
