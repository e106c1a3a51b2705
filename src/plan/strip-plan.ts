/** The plan of a program of strips: a layer is a segment. */
import { secondsOfGraph, toSeconds, type CostProfile } from "../cost/index.ts";
import { invariant } from "../errors.ts";
import type { Graph } from "../graph/index.ts";
import { peakBytes } from "../memory/index.ts";
import {
  allocate,
  estimateProgram,
  liveElements,
  type ProgramSegment,
  type Scheduled,
  type StripProgram,
  type TensorId,
} from "../strips/index.ts";
import { sizeOf, type Shape } from "../tensor/shape.ts";
import type { Plan, PlanLayer } from "./plan.ts";
import { traitsOf } from "./device-traits.ts";
import { algorithmOf, joinedNames } from "./layer-names.ts";

/** A file in the system's cache, or a fast disk: 1.6 GB/s. */
const picosecondsPerFileElement = 2500;
/** An element that a strip reads of a map or adds to one, in picoseconds: the map is far away. */
const crossing = 550;
const bytesPerFloat = Float32Array.BYTES_PER_ELEMENT;

export function stripPlan(program: StripProgram, profile: CostProfile): Plan {
  const planner = new StripPlanner(program, profile);
  const layers = planner.layers();
  const estimate = estimateProgram(program, allocate(program), traitsOf(profile.provider));
  const seconds = layers.reduce((sum, layer) => sum + layer.seconds, 0);
  return { layers, seconds, peakBytes: estimate.peakBytes, fileBytes: estimate.fileBytes };
}

/** What a program takes. */
export function secondsOfProgram(program: StripProgram, profile: CostProfile): number {
  return new StripPlanner(program, profile).seconds();
}

type Run = Extract<Scheduled, { kind: "run" }>;

class StripPlanner {
  readonly #program: StripProgram;
  readonly #profile: CostProfile;
  readonly #seconds = new Map<Graph, number>();
  readonly #scratch = new Map<Graph, number>();
  /** The tensors that hold what runs need of the weights. */
  readonly #weights: ReadonlySet<TensorId>;

  constructor(program: StripProgram, profile: CostProfile) {
    this.#program = program;
    this.#profile = profile;
    this.#weights = new Set(
      program.operations.flatMap((operation) =>
        operation.kind === "weights" ? Object.values(operation.outputs) : [],
      ),
    );
  }

  seconds(): number {
    return this.#program.operations.reduce((sum, operation) => sum + this.#secondsOf(operation), 0);
  }

  layers(): PlanLayer[] {
    const { operations } = this.#program;
    const segments = new Map<number, number[]>();
    operations.forEach(({ segment }, index) =>
      segments.set(segment, [...(segments.get(segment) ?? []), index]),
    );
    const live = liveElements(this.#program);
    let before = this.#program.name;
    return [...segments].map(([segment, indices]) => {
      const layer = this.#layer(indices, this.#program.segments[segment]!, before, live);
      before = layer.name;
      return layer;
    });
  }

  #layer(
    indices: readonly number[],
    { kind, layers }: ProgramSegment,
    before: string,
    live: Float64Array,
  ): PlanLayer {
    const own = indices.map((index) => this.#program.operations[index]!);
    const runs = own.filter((operation) => operation.kind === "run" && operation.of === "strip") as Run[];
    const graphs = [...new Set(runs.map(({ graph }) => this.#program.graphs[graph]!))];
    const usual = kind === "attention" ? "attention" : "elementwise";
    return {
      // What has no layer of its own belongs to the one before.
      name: layers.length > 0 ? joinedNames(layers) : before,
      shape: this.#shapeOf(runs),
      algorithm: algorithmsOf(graphs) ?? usual,
      strips: runs.length,
      seconds: own.reduce((sum, operation) => sum + this.#secondsOf(operation), 0),
      memoryBytes: Math.max(
        ...indices.map(
          (index) => live[index]! * bytesPerFloat + this.#scratchOf(this.#program.operations[index]!),
        ),
      ),
    };
  }

  /** Of the first map that is made, [1, C, H, W]: its strips, [1, rows, W, C], one below the other. */
  #shapeOf(runs: readonly Run[]): Shape {
    const maps = runs.flatMap(({ outputs }) =>
      Object.entries(outputs)
        .map(([name, tensor]) => ({ name, shape: this.#program.shapes[tensor]! }))
        .filter(({ shape }) => shape.length === 4),
    );
    const [first] = maps;
    if (first === undefined) return [];
    const [, , width, channels] = first.shape as [number, number, number, number];
    const height = maps
      .filter(({ name }) => name === first.name)
      .reduce((sum, { shape }) => sum + shape[1]!, 0);
    return [1, channels, height, width];
  }

  #secondsOf(operation: Scheduled): number {
    const { run, element } = this.#profile;
    switch (operation.kind) {
      case "run":
        return (
          toSeconds(run + crossing * this.#crossingElements(operation)) +
          this.#graphSeconds(this.#program.graphs[operation.graph]!)
        );
      case "weights":
        return toSeconds(run) + this.#graphSeconds(this.#program.weights[operation.graph]!);
      case "feed":
      case "fetch":
        return toSeconds(element * sizeOf(this.#program.shapes[operation.tensor]!));
      case "store":
      case "load":
        return toSeconds(picosecondsPerFileElement * sizeOf(this.#program.shapes[operation.tensor]!));
    }
  }

  /** What a run reads and makes of maps. */
  #crossingElements({ inputs, outputs, graph }: Run): number {
    const isWeight = (input: Run["inputs"][string]): boolean =>
      typeof input === "number" && this.#weights.has(input);
    const read = this.#program.graphs[graph]!.inputs.filter(({ name }) => !isWeight(inputs[name]!));
    const made = Object.values(outputs).map((tensor) => this.#program.shapes[tensor]!);
    return [...read.map(({ shape }) => shape), ...made].reduce((sum, shape) => sum + sizeOf(shape), 0);
  }

  #graphSeconds(graph: Graph): number {
    const seconds = this.#seconds.get(graph) ?? secondsOfGraph(graph, this.#profile);
    this.#seconds.set(graph, seconds);
    return seconds;
  }

  /** What a session needs beside the tensors of the program. */
  #scratchOf(operation: Scheduled): number {
    if (operation.kind !== "run") return 0;
    const graph = this.#program.graphs[operation.graph];
    invariant(graph !== undefined, "plan: a run without a graph");
    const bytes = this.#scratch.get(graph) ?? peakBytes(graph);
    this.#scratch.set(graph, bytes);
    return bytes;
  }
}

function algorithmsOf(graphs: readonly Graph[]): string | undefined {
  const known = graphs.flatMap(({ nodes }) => nodes.flatMap((node) => algorithmOf(node) ?? []));
  const distinct = [...new Set(known)];
  return distinct.length === 0 ? undefined : distinct.join(" + ");
}
