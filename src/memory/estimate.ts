/** Predicts, before anything runs, what memory a graph needs at its peak. */
import type { Graph } from "../graph/index.ts";
import { sizeOf } from "../tensor/shape.ts";
import { peakBytes } from "./liveness.ts";

/** Whatever crosses a graph's border is float32, and weights are computed with as such. */
const bytesPerFloat = Float32Array.BYTES_PER_ELEMENT;

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

/** Of a graph that runs as one session. */
export function estimateGraph(graph: Graph, options: EstimateOptions = {}): Estimate {
  const { fixed, temporaries } = memoryConstants.whole;
  const parts = {
    runtime: fixed,
    arena: 0,
    temporaries: peakBytes(graph, { ownsOutputs: true }) * temporaries,
    weights: storedBytes(graph),
    tensors: [...graph.inputs, ...graph.outputs].reduce((sum, value) => sum + floatBytes(value), 0),
  };
  return sumOf(parts, 0, options);
}

/** As float32. */
export const floatBytes = ({ shape }: { readonly shape: readonly number[] }): number =>
  sizeOf(shape) * bytesPerFloat;

/** Of the weights that a graph reads from where they are stored. */
export const storedBytes = ({ initializers }: Graph): number =>
  initializers.reduce((sum, { value, data }) => sum + ("stored" in data ? floatBytes(value) : 0), 0);

/** The estimate that consists of these parts and the process. */
export function sumOf(
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
