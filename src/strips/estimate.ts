/** Predicts, before anything runs, what memory a program needs at its peak. */
import {
  floatBytes,
  memoryConstants,
  peakBytes,
  storedBytes,
  sumOf,
  type Estimate,
  type EstimateOptions,
} from "../memory/index.ts";
import type { Allocation } from "./allocate.ts";
import type { StripProgram } from "./program.ts";

export function estimateProgram(
  program: StripProgram,
  allocation: Allocation,
  options: EstimateOptions = {},
): Estimate {
  const { graphs, weights, input, output } = program;
  const { fixed, temporaries, session, arena } = memoryConstants.strips;
  const parts = {
    runtime: fixed + graphs.length * session,
    arena: allocation.size * Float32Array.BYTES_PER_ELEMENT * arena,
    temporaries: temporariesOf(program) * temporaries,
    weights: weights.reduce((most, graph) => Math.max(most, storedBytes(graph)), 0),
    tensors: floatBytes(input) + floatBytes(output),
  };
  return sumOf(parts, allocation.fileSize * Float32Array.BYTES_PER_ELEMENT, options);
}

/** Sessions run one at a time, and give their temporaries back to the arena that they share. */
function temporariesOf({ graphs }: StripProgram): number {
  return graphs.reduce((most, graph) => Math.max(most, peakBytes(graph)), 0);
}
