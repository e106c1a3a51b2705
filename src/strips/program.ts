/** A graph as a sequence of operations on strips: what is computed when, before it is decided where in memory. */
import type { Graph, Value } from "../graph/index.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Rows } from "./rows.ts";

/** Index of a tensor of the program. */
export type TensorId = number;

/** Some rows of a map, out of strips that follow one another. */
export interface MapRows {
  readonly strips: readonly TensorId[];
  /** Counted from the first row of the first strip. */
  readonly rows: Rows;
}

export type Operation =
  /** Computes a strip, or statistics of all strips. */
  | {
      readonly kind: "run";
      readonly of: "strip" | "statistics";
      readonly graph: number;
      readonly inputs: Readonly<Record<string, TensorId | MapRows>>;
      readonly outputs: Readonly<Record<string, TensorId>>;
    }
  /** Computes what runs need of the weights. */
  | {
      readonly kind: "weights";
      readonly graph: number;
      readonly outputs: Readonly<Record<string, TensorId>>;
    }
  /** Takes rows of the caller's tensor. */
  | { readonly kind: "feed"; readonly tensor: TensorId; readonly rows: Rows }
  /** Gives rows of the result. */
  | { readonly kind: "fetch"; readonly tensor: TensorId; readonly rows: Rows }
  /** Writes a tensor to the file, or reads it from there. */
  | { readonly kind: "store" | "load"; readonly tensor: TensorId; readonly place: number };

/** An operation and the segment to which it belongs. */
export type Scheduled = Operation & { readonly segment: number };

/** What the operations of one segment are together. */
export interface ProgramSegment {
  readonly kind: "local" | "attention";
  /** The layers that are computed, by the labels of their nodes, without the normalisations before them. */
  readonly layers: readonly string[];
}

export interface StripProgram {
  readonly name: string;
  readonly input: Value;
  readonly output: Value;
  /** Shapes of the tensors, by id; all are float32. Strips of maps are [1, rows, W, C]. */
  readonly shapes: readonly Shape[];
  /** The strips of every kept map, in order. */
  readonly maps: readonly (readonly TensorId[])[];
  /** Graphs of strips and of statistics: their weights are inputs. */
  readonly graphs: readonly Graph[];
  /** Graphs of weights: no inputs. */
  readonly weights: readonly Graph[];
  readonly operations: readonly Scheduled[];
  /** By the index that operations name. */
  readonly segments: readonly ProgramSegment[];
}

/** The tensors that an operation reads. */
export function readsOf(operation: Operation): readonly TensorId[] {
  switch (operation.kind) {
    case "run":
      return Object.values(operation.inputs).flatMap((input) =>
        typeof input === "number" ? [input] : input.strips,
      );
    case "fetch":
    case "store":
      return [operation.tensor];
    case "weights":
    case "feed":
    case "load":
      return [];
  }
}

/** The tensors that an operation makes. */
export function writesOf(operation: Operation): readonly TensorId[] {
  switch (operation.kind) {
    case "run":
    case "weights":
      return Object.values(operation.outputs);
    case "feed":
    case "load":
      return [operation.tensor];
    case "fetch":
    case "store":
      return [];
  }
}
