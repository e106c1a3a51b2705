/** What executes graphs. The rest of vaekit knows only these interfaces. */
import type { Graph } from "../graph/index.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** The places where a graph can run, by ONNX Runtime's provider names; "auto" tries and falls back. */
export const devices = ["auto", "cpu", "webgpu", "cuda", "dml", "coreml"] as const;
export type Device = (typeof devices)[number];

/** The device that a session really runs on. */
export type ConcreteDevice = Exclude<Device, "auto">;

export interface RunOptions {
  /** Rejects with ABORTED when it fires; the computation under way is abandoned, not interrupted. */
  readonly signal?: AbortSignal;
}

/** A graph made ready to run. It owns memory outside of JavaScript until it is disposed. */
export interface Session {
  /** Runs the graph once: a tensor for each input by name, a tensor for each output by name. */
  run(inputs: Readonly<Record<string, Tensor>>, options?: RunOptions): Promise<Record<string, Tensor>>;
  dispose(): Promise<void>;
}

export interface Runtime {
  /** For messages: "onnxruntime-node", "onnxruntime-web". */
  readonly name: string;
  /** What the runtime chose, once its first session exists. */
  readonly device: ConcreteDevice | undefined;
  createSession(graph: Graph): Promise<Session>;
  /** Disposes every session and whatever runs them. */
  dispose(): Promise<void>;
}
