/** A sample's graph as a model, written and run with some tricks: what a probe consists of. */
import { encodeModel } from "../onnx/index.ts";
import type { Graph } from "../graph/index.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { ortDialect } from "./dialect.ts";
import type { Sample } from "./samples.ts";
import { joinExtras, sessionHints, weightsFolder, type SessionExtras } from "./session-extras.js";
import type { TrickName } from "./tricks.ts";

/** Options of ONNX Runtime's sessions, as far as attempts set them. */
export interface AttemptOptions {
  readonly graphOptimizationLevel?: "disabled" | "extended";
  readonly externalData?: readonly { readonly path: string; readonly data: Uint8Array }[];
  readonly extra?: SessionExtras;
}

export interface Attempt {
  readonly model: Uint8Array;
  readonly inputs: Readonly<Record<string, Tensor>>;
  /** All float32. */
  readonly outputs: Graph["outputs"];
  readonly options?: AttemptOptions;
  /** Temporaries come from the arena of all sessions. */
  readonly sharesArena?: boolean;
  /** The run ends before its results are copied. */
  readonly endsUnreturned?: boolean;
}

/** Runs an attempt in the thread of ONNX Runtime; results by name. Rejects where it fails, or writes beside its results. */
export type Attempter = (attempt: Attempt) => Promise<Readonly<Record<string, ArrayLike<number>>>>;

/**
 * @param names the tricks; without any it is the plain way
 * @param blockSize channels of a block, where convolutions are in blocks
 */
export function attemptWith(
  names: readonly TrickName[],
  { graph, inputs, head }: Sample,
  blockSize: number | undefined,
): Attempt {
  const has = (name: TrickName): boolean => names.includes(name);
  const hasGroups = has("grouped-gradients");
  const isInBlocks = blockSize !== undefined && (has("blocked-layout") || hasGroups);
  const fuses = has("fused-operators");
  const endsUnreturned = has("uncopied-results");
  const dialect = ortDialect({
    blocks: isInBlocks ? { size: blockSize, hasGroups, isChosen: () => true } : undefined,
    fuses,
    endsUnreturned,
  });
  const place = ({ byteLength }: { byteLength: number }) => ({
    location: head.name,
    byteOffset: 0,
    byteLength,
  });
  const isMapped = has("mapped-weights");
  const extras = [
    ...(has("session-hints") ? [sessionHints] : []),
    ...(isMapped ? [weightsFolder(head.folder)] : []),
  ];
  return {
    model: encodeModel(graph, place, dialect),
    inputs,
    outputs: graph.outputs,
    options: {
      graphOptimizationLevel: fuses ? "disabled" : "extended",
      externalData: isMapped ? [] : [{ path: head.name, data: head.bytes }],
      extra: joinExtras(...extras),
    },
    sharesArena: has("shared-arena"),
    endsUnreturned,
  };
}
