/**
 * How a runtime wants parts of a graph written for which it has forms of its own. Writing a model knows only this; what the
 * forms are is the runtime's affair.
 */
import type { Graph, Node } from "../graph/index.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { OnnxNode, Proto } from "./protobuf.ts";

/** Where nodes and the constants that they read go. */
export interface ModelSink {
  readonly node: (node: OnnxNode) => void;
  readonly constant: (name: string, tensor: Tensor) => void;
  /** As a constant, of which a run may be given another value: ONNX infers nothing from it. */
  readonly changeable: (name: string, tensor: Tensor) => void;
  /** A ValueInfoProto of an output that stands before the graph's own. */
  readonly leadingOutput: (output: Proto) => void;
}

/** Writes what it has another form for; asked for every node in order. */
export interface DialectWriter {
  /** Whether a node is written at all: not where only nodes in another form would have read it. */
  readonly leavesOut: (node: Node) => boolean;
  /** Writes a node in another form, perhaps together with others; false leaves it as ONNX has it. */
  readonly take: (node: Node) => boolean;
}

/** Looks at a graph before anything of it is written. */
export type Dialect = (graph: Graph, sink: ModelSink) => DialectWriter;

/** ONNX as it is. */
export const plainOnnx: Dialect = () => ({ leavesOut: () => false, take: () => false });
