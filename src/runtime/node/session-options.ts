/** How onnxruntime-node is asked to prepare a graph. */
import type { InferenceSession } from "onnxruntime-node";
import { invariant } from "../../errors.ts";
import type { Graph } from "../../graph/index.ts";
import type { ConcreteDevice } from "../runtime.ts";
import type { PlacedWeights } from "./place-weights.ts";
import type { OutputType } from "./protocol.ts";

/** What fails is reported by the error itself. */
export const fatal = 4;

export function sessionOptions(
  device: ConcreteDevice,
  { folder, buffers }: PlacedWeights,
  { threadCount, keepsMemory, fuses }: { threadCount: number; keepsMemory: boolean; fuses: boolean },
): InferenceSession.SessionOptions {
  return {
    executionProviders: [device],
    intraOpNumThreads: threadCount,
    // "all" would also copy constant weights into the blocked layout: twice their memory, which would no longer be the
    // mapped file. Convolutions that gain by blocks are written in them already (ort/blocked-convolutions.ts).
    graphOptimizationLevel: fuses ? "disabled" : "extended",
    // The arena would keep every session's largest working memory for as long as the session is cached.
    enableCpuMemArena: keepsMemory,
    logSeverityLevel: fatal,
    externalData: [...buffers],
    extra: {
      session: {
        // Long enough to hear the session's next run without being woken, short enough not to take the cores from
        // another session's.
        intra_op: { spin_duration_us: "300" },
        ...(folder === undefined ? {} : { model_external_initializers_file_folder_path: folder }),
      },
      // What is computed from weights would be a copy of them, for Winograd's convolution one four times as large.
      optimization: { disable_specified_optimizers: "ConstantFolding" },
    },
  };
}

export const outputTypes = ({ outputs }: Pick<Graph, "outputs">): Record<string, OutputType> =>
  Object.fromEntries(
    outputs.map(({ name, dtype, shape }) => {
      invariant(dtype !== "float16" && dtype !== "bfloat16", `a graph has no ${dtype} output`);
      return [name, { dtype, shape }];
    }),
  );
