/** Writes a program down: its tensors, graphs and operations, in the order in which they are needed. */
import type { Graph } from "../graph/index.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Operation, Scheduled, TensorId } from "./program.ts";

export class ProgramWriter {
  readonly shapes: Shape[] = [];
  readonly graphs: Graph[] = [];
  readonly weights: Graph[] = [];
  readonly operations: Scheduled[] = [];
  readonly #indices = new Map<string, number>();
  #segment = 0;

  /** The segment to which operations belong from now on. */
  beginSegment(segment: number): void {
    this.#segment = segment;
  }

  tensor(shape: Shape): TensorId {
    return this.shapes.push(shape) - 1;
  }

  /** The index of a graph. Graphs of one key are one, which is made when it is first asked for. */
  graph(key: string, make: () => Graph): number {
    const index = this.#indices.get(key) ?? this.graphs.push(make()) - 1;
    this.#indices.set(key, index);
    return index;
  }

  emit(operation: Operation): void {
    this.operations.push({ ...operation, segment: this.#segment });
  }

  /** Computes the outputs of a graph of weights; gives them by their names. */
  emitWeights(graph: Graph): Record<string, TensorId> {
    const outputs = Object.fromEntries(graph.outputs.map(({ name, shape }) => [name, this.tensor(shape)]));
    this.emit({ kind: "weights", graph: this.weights.push(graph) - 1, outputs });
    return outputs;
  }
}
