/** How onnxruntime-node is asked to prepare a graph. */
import type { InferenceSession } from "onnxruntime-node";
import { invariant } from "../../errors.ts";
import type { Graph } from "../../graph/index.ts";
import { joinExtras, sessionHints, weightsFolder } from "../../ort/index.ts";
import type { ConcreteDevice } from "../runtime.ts";
import type { PlacedWeights } from "./place-weights.ts";
import type { OutputType } from "./protocol.ts";

/** What fails is reported by the error itself. */
export const fatal = 4;

/** What a runtime has chosen for a session. */
export interface SessionWays {
  readonly threadCount: number;
  readonly keepsMemory: boolean;
  /** Whether the model has fused operators, and needs no optimisers. */
  readonly fuses: boolean;
  readonly hints: boolean;
}

export function sessionOptions(
  device: ConcreteDevice,
  { folder, buffers }: PlacedWeights,
  { threadCount, keepsMemory, fuses, hints }: SessionWays,
): InferenceSession.SessionOptions {
  const extras = [...(hints ? [sessionHints] : []), ...(folder === undefined ? [] : [weightsFolder(folder)])];
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
    extra: { ...joinExtras(...extras) },
  };
}

export const outputTypes = ({ outputs }: Pick<Graph, "outputs">): Record<string, OutputType> =>
  Object.fromEntries(
    outputs.map(({ name, dtype, shape }) => {
      invariant(dtype !== "float16" && dtype !== "bfloat16", `a graph has no ${dtype} output`);
      return [name, { dtype, shape }];
    }),
  );
