/** Predicts, before anything runs, what a program or a graph needs of the machine: memory at its peak, and time. */
import type { Graph } from "../graph/index.ts";
import { sizeOf } from "../tensor/shape.ts";
import type { Allocation } from "./allocate.ts";
import { graphCost, secondsOf, sumOf, type Cost, type Rates } from "./cost.ts";
import type { StripProgram } from "./program.ts";
import { peakTemporaryBytes } from "./temporaries.ts";

const bytesPerElement = 4;

/**
 * What cannot be read off a program. Measured with onnxruntime-node 1.30 on Linux; to measure again, run the bench,
 * which writes predicted and measured peaks side by side, and fit: `process` at the smallest picture of a small
 * model, the others at large pictures of a large one.
 */
export const memoryConstants = {
  /** A process that has opened a model and is about to compute: Node, the package, the runtime and its thread. */
  process: 150e6,
  /** A session, and the program's part that it computes. */
  session: 0.5e6,
  /** One operation of a program, in JavaScript. */
  operation: 2e3,
  /** What the allocator holds for each byte of temporaries: it rounds up, and gives back late. */
  temporaries: 1.25,
} as const;

export interface EstimateOptions {
  /** What the process holds before, in bytes; by default what a fresh one does. */
  readonly processBytes?: number;
  /** Without, no time is predicted. */
  readonly rates?: Rates;
}

export interface Estimate {
  /** Resident memory of the process at its peak. */
  readonly peakBytes: number;
  /** What the peak consists of. */
  readonly parts: {
    readonly process: number;
    /** The program's own memory. */
    readonly arena: number;
    /** What sessions need while they run. */
    readonly temporaries: number;
    /** The model's weights, as far as they are mapped at once. */
    readonly weights: number;
    /** The caller's picture and the result. */
    readonly tensors: number;
    readonly sessions: number;
  };
  /** Bytes of the temporary file. */
  readonly fileBytes: number;
  readonly seconds: number | undefined;
}

export function estimateProgram(
  program: StripProgram,
  allocation: Allocation,
  options: EstimateOptions = {},
): Estimate {
  const { operations, graphs, weights, input, output } = program;
  const parts = {
    arena: allocation.size * bytesPerElement,
    temporaries: temporariesOf(program) * memoryConstants.temporaries,
    weights: weights.reduce((most, graph) => Math.max(most, storedBytes(graph)), 0),
    tensors: bytesOf(input) + bytesOf(output),
    sessions: graphs.length * memoryConstants.session + operations.length * memoryConstants.operation,
  };
  return estimate(parts, programCost(program), allocation.fileSize * bytesPerElement, options);
}

/** Of a graph that runs as one session. */
export function estimateGraph(graph: Graph, options: EstimateOptions = {}): Estimate {
  const tensors = [...graph.inputs, ...graph.outputs].reduce((sum, value) => sum + bytesOf(value), 0);
  const parts = {
    arena: 0,
    temporaries: peakTemporaryBytes(graph, { ownsOutputs: true }) * memoryConstants.temporaries,
    weights: storedBytes(graph),
    tensors,
    sessions: memoryConstants.session,
  };
  return estimate(parts, graphCost(graph), 0, options);
}

const bytesOf = ({ shape }: { readonly shape: readonly number[] }): number => sizeOf(shape) * bytesPerElement;

const storedBytes = ({ initializers }: Graph): number =>
  initializers.reduce((sum, { value, data }) => sum + ("stored" in data ? bytesOf(value) : 0), 0);

function estimate(
  parts: Omit<Estimate["parts"], "process">,
  cost: Cost,
  fileBytes: number,
  { processBytes = memoryConstants.process, rates }: EstimateOptions,
): Estimate {
  const all = { process: processBytes, ...parts };
  return {
    peakBytes: Object.values(all).reduce((sum, part) => sum + part, 0),
    parts: all,
    fileBytes,
    seconds: rates === undefined ? undefined : secondsOf(cost, rates),
  };
}

/** Sessions run one at a time, and give their temporaries back to the process, which holds them for the next. */
function temporariesOf({ graphs, weights }: StripProgram): number {
  return [...graphs, ...weights].reduce((most, graph) => Math.max(most, peakTemporaryBytes(graph)), 0);
}

function programCost({ operations, graphs, weights, shapes }: StripProgram): Cost {
  const costs = graphs.map(graphCost);
  const weightCosts = weights.map(graphCost);
  return sumOf(
    operations.map((operation) => {
      switch (operation.kind) {
        case "run":
          return costs[operation.graph]!;
        case "weights":
          return weightCosts[operation.graph]!;
        case "statistics":
          return { flops: 0, bytes: 0 };
        case "feed":
        case "fetch":
        case "store":
        case "load":
          return { flops: 0, bytes: 2 * bytesPerElement * sizeOf(shapes[operation.tensor]!) };
      }
    }),
  );
}
