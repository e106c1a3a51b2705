/** Predicts, before anything runs, what memory a program or a graph needs at its peak. */
import type { Graph } from "../graph/index.ts";
import { sizeOf } from "../tensor/shape.ts";
import type { Allocation } from "./allocate.ts";
import type { StripProgram } from "./program.ts";
import { peakTemporaryBytes } from "./temporaries.ts";

const bytesPerElement = 4;

/**
 * What cannot be read off a program, in bytes or as a factor. Measured with onnxruntime-node 1.30 and glibc. To measure
 * again: the bench writes predicted and measured peaks side by side, each of a process of its own, for a small and a
 * large model, both halves, 256 to 1024 pixels. The residual of a peak without the parts that are known (the process,
 * weights, pictures) is fitted, divided by the peak, with these constants as unknowns.
 */
export const memoryConstants = {
  /** A process that has opened a model, before its first session. */
  process: 115e6,
  whole: {
    /** The runtime and its thread. */
    fixed: 110e6,
    /** For each byte of temporaries: what the runtime does not free at once, and what the allocator rounds up. */
    temporaries: 1.56,
  },
  strips: {
    /** The runtime and its thread, the sessions of weights, and rows on their way. */
    fixed: 85e6,
    /** For each byte of temporaries: the sessions' arena grows by powers of two. */
    temporaries: 2,
    /** A session with its thread. */
    session: 1e6,
    /** For each byte of the program's own memory. */
    arena: 1,
  },
} as const;

export interface EstimateOptions {
  /**
   * What the process held before its first session, in bytes; by default what a fresh one does. Later it holds memory
   * that the next program uses again, which would count twice.
   */
  readonly processBytes?: number;
}

export interface Estimate {
  /** Resident memory of the process at its peak. */
  readonly peakBytes: number;
  /** What the peak consists of. */
  readonly parts: {
    /** What the process holds before. */
    readonly process: number;
    /** The runtime, its thread and its sessions. */
    readonly runtime: number;
    /** The program's own memory. */
    readonly arena: number;
    /** What a session needs while it runs. */
    readonly temporaries: number;
    /** The model's weights, as far as they are mapped at once. */
    readonly weights: number;
    /** The caller's picture and the result. */
    readonly tensors: number;
  };
  /** Bytes of the temporary file. */
  readonly fileBytes: number;
}

export function estimateProgram(
  program: StripProgram,
  allocation: Allocation,
  options: EstimateOptions = {},
): Estimate {
  const { graphs, weights, input, output } = program;
  const { fixed, temporaries, session, arena } = memoryConstants.strips;
  const parts = {
    runtime: fixed + graphs.length * session,
    arena: allocation.size * bytesPerElement * arena,
    temporaries: temporariesOf(program) * temporaries,
    weights: weights.reduce((most, graph) => Math.max(most, storedBytes(graph)), 0),
    tensors: bytesOf(input) + bytesOf(output),
  };
  return estimate(parts, allocation.fileSize * bytesPerElement, options);
}

/** Of a graph that runs as one session. */
export function estimateGraph(graph: Graph, options: EstimateOptions = {}): Estimate {
  const { fixed, temporaries } = memoryConstants.whole;
  const parts = {
    runtime: fixed,
    arena: 0,
    temporaries: peakTemporaryBytes(graph, { ownsOutputs: true }) * temporaries,
    weights: storedBytes(graph),
    tensors: [...graph.inputs, ...graph.outputs].reduce((sum, value) => sum + bytesOf(value), 0),
  };
  return estimate(parts, 0, options);
}

const bytesOf = ({ shape }: { readonly shape: readonly number[] }): number => sizeOf(shape) * bytesPerElement;

const storedBytes = ({ initializers }: Graph): number =>
  initializers.reduce((sum, { value, data }) => sum + ("stored" in data ? bytesOf(value) : 0), 0);

function estimate(
  parts: Omit<Estimate["parts"], "process">,
  fileBytes: number,
  { processBytes = memoryConstants.process }: EstimateOptions,
): Estimate {
  const all = { process: processBytes, ...parts };
  return {
    peakBytes: Object.values(all).reduce((sum, part) => sum + part, 0),
    parts: all,
    fileBytes,
  };
}

/** Sessions run one at a time, and give their temporaries back to the arena that they share. */
function temporariesOf({ graphs }: StripProgram): number {
  return graphs.reduce((most, graph) => Math.max(most, peakTemporaryBytes(graph)), 0);
}
