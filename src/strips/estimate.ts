/** Predicts, before anything runs, what memory a program needs at its peak. */
import {
  floatBytes,
  nativeMemory,
  peakBytes,
  sumOf,
  weightBytes,
  type Estimate,
  type EstimateOptions,
  type MemoryModel,
} from "../memory/index.ts";
import type { Graph } from "../graph/index.ts";
import type { Allocation } from "./allocate.ts";
import type { StripProgram } from "./program.ts";

export function estimateProgram(
  program: StripProgram,
  allocation: Allocation,
  options: EstimateOptions = {},
): Estimate {
  const { graphs, weights, input, output } = program;
  const { memory = nativeMemory } = options;
  const { fixed, temporaries, session, arena } = memory.strips;
  const parts = {
    runtime: fixed + graphs.length * session,
    arena: allocation.size * Float32Array.BYTES_PER_ELEMENT * arena,
    temporaries: temporariesOf(program) * temporaries,
    weights: weights.reduce((most, graph) => Math.max(most, bytesOfWeights(graph, memory)), 0),
    tensors: floatBytes(input) + floatBytes(output),
  };
  return sumOf(parts, allocation.fileSize * Float32Array.BYTES_PER_ELEMENT, options);
}

/** Sessions run one at a time, and give their temporaries back to the arena that they share. */
function temporariesOf({ graphs }: StripProgram): number {
  return graphs.reduce((most, graph) => Math.max(most, peakBytes(graph)), 0);
}

/** Of a graph of weights, which is used up before the next one. */
function bytesOfWeights(graph: Graph, memory: MemoryModel): number {
  const made = graph.outputs.reduce((sum, value) => sum + floatBytes(value), 0);
  return weightBytes(graph, memory) + memory.strips.madeWeights * made;
}
