/** The plan of a program of strips: a layer is a segment. */
import { secondsOfGraph, toSeconds, type CostProfile } from "../cost/index.ts";
import { invariant } from "../errors.ts";
import type { Graph } from "../graph/index.ts";
import { peakBytes } from "../memory/index.ts";
import { allocate, estimateProgram, liveElements, type StripProgram } from "../strips/index.ts";
import { affineGraphName } from "../strips/affine-graph.ts";
import { statisticsGraphName } from "../strips/statistics-graph.ts";
import type { Scheduled } from "../strips/program.ts";
import { sizeOf, type Shape } from "../tensor/shape.ts";
import type { Plan, PlanLayer } from "./plan.ts";
import { algorithmOf, joinedNames, layersOfWeights, parentOf } from "./layer-names.ts";

/** A file in the system's cache, or a fast disk: 1.6 GB/s. */
const picosecondsPerFileElement = 2500;
/** An element that a strip reads of a map or adds to one, in picoseconds: the map is far away. */
const crossing = 550;
const isWeight = (name: string): boolean => name.startsWith("weight_");
const bytesPerFloat = Float32Array.BYTES_PER_ELEMENT;

export function stripPlan(program: StripProgram, profile: CostProfile): Plan {
  const planner = new StripPlanner(program, profile);
  const layers = planner.layers();
  const estimate = estimateProgram(program, allocate(program));
  const seconds = layers.reduce((sum, layer) => sum + layer.seconds, 0);
  return { layers, seconds, peakBytes: estimate.peakBytes, fileBytes: estimate.fileBytes };
}

/** What a program takes. */
export function secondsOfProgram(program: StripProgram, profile: CostProfile): number {
  return new StripPlanner(program, profile).seconds();
}

class StripPlanner {
  readonly #program: StripProgram;
  readonly #profile: CostProfile;
  readonly #seconds = new Map<Graph, number>();
  readonly #scratch = new Map<Graph, number>();
  readonly #weightNames = new Map<Graph, ReadonlySet<string>>();

  constructor(program: StripProgram, profile: CostProfile) {
    this.#program = program;
    this.#profile = profile;
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
    return [...segments.values()].map((indices) => {
      const layer = this.#layer(indices, before, live);
      before = layer.name;
      return layer;
    });
  }

  #layer(indices: readonly number[], before: string, live: Float64Array): PlanLayer {
    const own = indices.map((index) => this.#program.operations[index]!);
    const runs = own
      .filter((operation) => operation.kind === "run")
      .filter(({ graph }) => this.#program.graphs[graph]!.name !== statisticsGraphName);
    const graphs = [...new Set(runs.map(({ graph }) => this.#program.graphs[graph]!))];
    const weights = own
      .filter((operation) => operation.kind === "weights")
      .map(({ graph }) => this.#program.weights[graph]!)
      .filter(({ name }) => name !== affineGraphName);
    const named = weights.flatMap(namesOfWeights);
    const isAttention = graphs.some(({ nodes }) =>
      nodes.some(({ operator }) => operator === "Softmax" || operator === "Exp"),
    );
    const scope = parentOf(before.split(" + ")[0]!);
    const unnamed = isAttention ? `${scope}.attention` : before;
    return {
      name: named.length > 0 ? joinedNames(named) : unnamed,
      shape: this.#shapeOf(runs),
      algorithm: algorithmsOf(graphs) ?? (isAttention ? "attention" : "elementwise"),
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
  #shapeOf(runs: readonly Extract<Scheduled, { kind: "run" }>[]): Shape {
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

  /** What a strip reads and makes of maps. */
  #crossingElements({ outputs, graph }: Extract<Scheduled, { kind: "run" }>): number {
    const weights = this.#weightsOf(this.#program.graphs[graph]!);
    const { inputs } = this.#program.graphs[graph]!;
    const read = inputs.filter(({ name }) => !weights.has(name)).map(({ shape }) => shape);
    const made = Object.values(outputs).map((tensor) => this.#program.shapes[tensor]!);
    return [...read, ...made].reduce((sum, shape) => sum + sizeOf(shape), 0);
  }

  #weightsOf(graph: Graph): ReadonlySet<string> {
    const names =
      this.#weightNames.get(graph) ?? new Set(graph.inputs.map(({ name }) => name).filter(isWeight));
    this.#weightNames.set(graph, names);
    return names;
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

function namesOfWeights(graph: Graph): string[] {
  return [...new Set(layersOfWeights(graph).values())];
}

function algorithmsOf(graphs: readonly Graph[]): string | undefined {
  const known = graphs.flatMap(({ nodes }) => nodes.flatMap((node) => algorithmOf(node) ?? []));
  const distinct = [...new Set(known)];
  return distinct.length === 0 ? undefined : distinct.join(" + ");
}
