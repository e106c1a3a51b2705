/**
 * What cannot be read off a program, in bytes or as a factor. To measure again: the residual of a peak without the parts that are
 * known (the process, weights, pictures) is fitted, divided by the peak, with these constants as unknowns.
 */
export interface MemoryModel {
  /** A process that has opened a model, before its first session. */
  readonly process: number;
  /** What an engine can address, whatever the machine has. */
  readonly most: number;
  /** For each byte of weights: how many there are when a session is made. */
  readonly weights: number;
  /** Whether weights are held in the dtype in which they are stored, and not in float32. */
  readonly keepsDType: boolean;
  readonly whole: {
    /** The runtime and its thread. */
    readonly fixed: number;
    /** For each byte of temporaries: what the runtime does not free at once, and what the allocator rounds up. */
    readonly temporaries: number;
  };
  readonly strips: {
    /** The runtime and its thread, the sessions of weights, and rows on their way. */
    readonly fixed: number;
    /** For each byte of temporaries: the sessions' arena grows by powers of two. */
    readonly temporaries: number;
    /** A session with its thread. */
    readonly session: number;
    /** For each byte of the program's own memory. */
    readonly arena: number;
    /** For each byte that a graph of weights makes, such as Winograd's kernels: copies on their way into the program's memory. */
    readonly madeWeights: number;
  };
}

/**
 * onnxruntime-node 1.30 and glibc. The bench writes predicted and measured peaks side by side, each of a process of its own, for a
 * small and a large model, both halves, 256 to 1024 pixels. The processor's build computes graphics processors' plans, too.
 */
export const nativeMemory: MemoryModel = {
  process: 115e6,
  most: Infinity,
  weights: 1,
  keepsDType: false,
  whole: { fixed: 110e6, temporaries: 1.56 },
  strips: { fixed: 85e6, temporaries: 2, session: 1e6, arena: 1, madeWeights: 0 },
};

/**
 * onnxruntime-web 1.30 in a worker of Chromium 156: the process that renders the page, by its VmHWM. Weights are in JavaScript's
 * memory, too, while a session is made. WebAssembly's 4 GB have gaps that nothing fits into.
 */
export const wasmMemory: MemoryModel = {
  process: 110e6,
  most: 3.5e9,
  weights: 2,
  keepsDType: true,
  whole: { fixed: 165e6, temporaries: 1.2 },
  strips: { fixed: 245e6, temporaries: 1, session: 0.5e6, arena: 1, madeWeights: 2 },
};
