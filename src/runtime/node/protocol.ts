/** The messages between a program and the thread in which ONNX Runtime works. */
import type { InferenceSession } from "onnxruntime-node";
import type { JoinedRegions, Region, WorkspaceStep } from "../runtime.ts";

/** What the thread knows from its start. */
export interface RuntimeThreadData {
  /** The memory of its gate. */
  readonly gate: SharedArrayBuffer;
  /** Whether the thread that started it is the main one, whose environment is the process's. */
  readonly fromMainThread: boolean;
}

/** A tensor on its way between threads; ONNX Runtime and vaekit name these dtypes alike. */
export interface TensorMessage {
  dtype: "float32" | "float64" | "int64" | "uint8";
  data:
    | Float32Array<ArrayBuffer>
    | Float64Array<ArrayBuffer>
    | BigInt64Array<ArrayBuffer>
    | Uint8Array<ArrayBuffer>;
  shape: readonly number[];
}

/** What an output's array must hold. */
export interface OutputType {
  dtype: TensorMessage["dtype"];
  shape: readonly number[];
}

/** A run that works on a state: which of its tensors each input reads and each output replaces, by name. */
export interface StateUse {
  state: number;
  reads: readonly string[];
  /** Output name → state name. */
  replaces: Readonly<Record<string, string>>;
}

/** A step of a workspace; sessions go by number. */
export type StepMessage =
  | {
      kind: "run";
      session: number;
      inputs: Readonly<Record<string, Region | JoinedRegions>>;
      outputs: Readonly<Record<string, Region>>;
    }
  | Exclude<WorkspaceStep, { kind: "run" }>;

/** `withdrawal`: the memory of a Withdrawal, where the caller may lose interest. */
export type Request = { id: number; withdrawal?: SharedArrayBuffer } & (
  | {
      kind: "create";
      session: number;
      model: Uint8Array;
      options: InferenceSession.SessionOptions;
      sharesArena: boolean;
      /** Whether the model has an output that ends a run before its results are copied. */
      endsUnreturned: boolean;
      outputs: Readonly<Record<string, OutputType>>;
    }
  /** Runs a tiny model once, in arrays of float32 that are guarded. */
  | {
      kind: "attempt";
      model: Uint8Array;
      options: InferenceSession.SessionOptions;
      sharesArena: boolean;
      endsUnreturned: boolean;
      inputs: Record<string, TensorMessage>;
      outputs: readonly { name: string; shape: readonly number[] }[];
    }
  | { kind: "run"; session: number; inputs: Record<string, TensorMessage>; use?: StateUse }
  | { kind: "release"; session: number }
  | { kind: "create-state"; state: number; tensors: Record<string, TensorMessage> }
  | { kind: "read-state"; state: number; names: readonly string[] }
  | { kind: "release-state"; state: number }
  | { kind: "create-workspace"; workspace: number; size: number; folder: string | undefined }
  | { kind: "execute"; workspace: number; steps: readonly StepMessage[] }
  | { kind: "release-workspace"; workspace: number }
);

/** What a request carries before it has a number. */
export type RequestBody = Request extends infer Each
  ? Each extends Request
    ? Omit<Each, "id">
    : never
  : never;

export type Response =
  | { id: number; value: Record<string, TensorMessage> }
  /** `isFile`: reading or writing a file failed. */
  | { id: number; error: string; isFile: boolean };
