/** Graphs as ONNX Runtime's processor has them, beyond the standard. */
import type { Graph } from "../graph/index.ts";
import type { Dialect, DialectWriter, ModelSink } from "../onnx/index.ts";
import { BlockedConvolutions, type Blocks } from "./blocked-convolutions.ts";
import { FusedOperators } from "./fused-operators.ts";
import { writeUnreturnedOutput } from "./unreturned-output.ts";

/** What is written in another form than ONNX's; nothing by default. */
export interface OrtForms {
  /** Convolutions in blocks of channels. */
  readonly blocks?: Blocks | undefined;
  /** Operators for several nodes, where the optimisers would find them: for sessions without optimisers. */
  readonly fuses?: boolean;
  /** An output that ends a run before its results are copied. */
  readonly endsUnreturned?: boolean;
}

export function ortDialect({ blocks, fuses = false, endsUnreturned = false }: OrtForms): Dialect {
  return (graph, sink) => {
    if (endsUnreturned) writeUnreturnedOutput(sink);
    return writerFor(graph, sink, blocks, fuses);
  };
}

function writerFor(graph: Graph, sink: ModelSink, blocks: Blocks | undefined, fuses: boolean): DialectWriter {
  const convolutions = blocks === undefined ? undefined : new BlockedConvolutions(graph, blocks, sink);
  const written = graph.nodes.filter((node) => convolutions?.leavesOut(node) !== true);
  const operators = fuses ? new FusedOperators(graph, written, sink) : undefined;
  return {
    leavesOut: (node) => convolutions?.leavesOut(node) === true,
    take: (node) => convolutions?.take(node) === true || operators?.take(node) === true,
  };
}
