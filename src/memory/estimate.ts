/** Predicts, before anything runs, what memory a graph needs at its peak. */
import type { Graph } from "../graph/index.ts";
import { sizeOf } from "../tensor/shape.ts";
import { peakBytes } from "./liveness.ts";
import { nativeMemory, type MemoryModel } from "./memory-model.ts";

/** Whatever crosses a graph's border is float32, and weights are computed with as such. */
const bytesPerFloat = Float32Array.BYTES_PER_ELEMENT;

export interface EstimateOptions {
  /**
   * What the process held before its first session, in bytes; by default what a fresh one does. Later it holds memory
   * that the next program uses again, which would count twice.
   */
  readonly processBytes?: number;
  /** What computes. @default onnxruntime-node */
  readonly memory?: MemoryModel;
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
  const { memory = nativeMemory } = options;
  const { fixed, temporaries } = memory.whole;
  const parts = {
    runtime: fixed,
    arena: 0,
    temporaries: peakBytes(graph, { ownsOutputs: true }) * temporaries,
    weights: weightBytes(graph, memory),
    tensors: [...graph.inputs, ...graph.outputs].reduce((sum, value) => sum + floatBytes(value), 0),
  };
  return sumOf(parts, 0, options);
}

/** As float32. */
export const floatBytes = ({ shape }: { readonly shape: readonly number[] }): number =>
  sizeOf(shape) * bytesPerFloat;

/** Of the weights that a graph reads from where they are stored. */
export function weightBytes({ initializers }: Graph, { weights, keepsDType }: MemoryModel): number {
  const stored = initializers.flatMap(({ value, data }) =>
    "stored" in data ? [keepsDType ? data.stored.byteLength : floatBytes(value)] : [],
  );
  return weights * stored.reduce((sum, bytes) => sum + bytes, 0);
}

/** The estimate that consists of these parts and the process. */
export function sumOf(
  parts: Omit<Estimate["parts"], "process">,
  fileBytes: number,
  { memory = nativeMemory, processBytes = memory.process }: EstimateOptions,
): Estimate {
  const all = { process: processBytes, ...parts };
  return {
    peakBytes: Object.values(all).reduce((sum, part) => sum + part, 0),
    parts: all,
    fileBytes,
  };
}
