/**
 * What executes graphs. The rest of vaekit knows only these interfaces.
 *
 * Every runtime keeps one order. The calls of its sessions, states and workspaces (`run`, `read`, `execute`, `dispose`)
 * are taken one after the other in the order in which they were made, whether their callers wait for each other or not:
 * each finds what the calls before it left, and nothing of another call happens between two steps of a workspace's
 * `execute`. (Making a session has no place in this order: nothing can be asked of it before it is there.)
 *
 * - A call that fails ends where it failed; what it did until then stays. The calls behind it are taken all the same.
 * - `dispose` of a session, a state or a workspace has its place, too: calls made before it are still taken, calls made
 *   after it are refused with DISPOSED. A second `dispose` does nothing.
 * - A call rejects with ABORTED as soon as its signal fires. One that still waits for those before it is not taken at all; of one
 *   under way, the step that is being computed is its last. The calls behind it are taken all the same.
 * - Tensors that a call is given are read before it returns its promise, so the caller may change them at once.
 */
import type { Graph } from "../graph/index.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** The places where a graph can run, by ONNX Runtime's provider names; "auto" tries and falls back. */
export const devices = ["auto", "cpu", "webgpu", "cuda", "dml", "coreml"] as const;
/** One of {@link devices}. */
export type Device = (typeof devices)[number];

/** The device that a session really runs on. */
export type ConcreteDevice = Exclude<Device, "auto">;

/**
 * Tensors that stay where graphs are computed, from run to run: a model's weights while it is trained. They
 * cross to JavaScript only when they are read.
 */
export interface State {
  /** The names of its tensors. */
  readonly names: readonly string[];
  /** Copies of the tensors of these names; of all when left out. */
  read(names?: readonly string[]): Promise<Record<string, Tensor>>;
  /** Frees the tensors. Disposing twice does no harm. */
  dispose(): Promise<void>;
}

/** The output of this name replaces the state's tensor `name` when the run has succeeded. */
export const nextOf = (name: string): string => `${name}.next`;

/** The options of {@link Session.run}. */
export interface RunOptions {
  /**
   * Gives the graph's inputs that the caller leaves out, and takes the outputs named by `nextOf`, which the run
   * does not return.
   */
  readonly state?: State;
  /** Rejects with ABORTED when it fires; the computation under way is abandoned, not interrupted. */
  readonly signal?: AbortSignal;
}

/** The options of {@link Runtime.createSession}. */
export interface SessionOptions {
  /** For the steps of a workspace: one of many sessions that run one after the other, and may share their memory. */
  readonly inWorkspace?: boolean;
  /**
   * The device that the graph was planned for, by `resolve`: rejects with RUNTIME where it turns out not to work, instead of
   * falling back to another one, for which there should be another plan.
   */
  readonly device?: ConcreteDevice;
}

/** A graph made ready to run. It owns memory outside of JavaScript until it is disposed. */
export interface Session {
  /** Runs the graph once: a tensor for each input by name, a tensor for each output by name. */
  run(inputs: Readonly<Record<string, Tensor>>, options?: RunOptions): Promise<Record<string, Tensor>>;
  /** Frees the session; calls made before it are still taken. Disposing twice does no harm. */
  dispose(): Promise<void>;
}

/** A float32 tensor in a workspace: where its first element is, and its shape. */
export interface Region {
  /** Of its first element, in elements from the workspace's beginning. */
  readonly offset: number;
  /** Its shape. */
  readonly shape: Shape;
}

/** A range of a workspace. */
export interface RegionPart {
  /** Of its first element, in elements from the workspace's beginning. */
  readonly offset: number;
  /** How many elements it has. */
  readonly size: number;
}

/** Ranges of a workspace, one after the other, as one tensor of a shape. */
export interface JoinedRegions {
  /** The ranges, in order. */
  readonly parts: readonly RegionPart[];
  /** Of all of them together. */
  readonly shape: Shape;
}

/** Runs a session of the same runtime; the outputs are written where they shall be. */
export interface RunStep {
  /** Tells the steps apart. */
  readonly kind: "run";
  /** What is run. */
  readonly session: Session;
  /** Where each input lies, by name. */
  readonly inputs: Readonly<Record<string, Region | JoinedRegions>>;
  /** Where each output goes, by name. */
  readonly outputs: Readonly<Record<string, Region>>;
}

/** Writes numbers into the workspace. */
export interface WriteStep {
  /** Tells the steps apart. */
  readonly kind: "write";
  /** Where they go. */
  readonly region: Region;
  /** Given away: its buffer moves, and the caller must not use it any longer. */
  readonly data: Float32Array<ArrayBuffer>;
}

/** Gives a copy of numbers to the caller. */
export interface ReadStep {
  /** Tells the steps apart. */
  readonly kind: "read";
  /** Where they lie. */
  readonly region: Region;
  /** Under which name `execute` resolves with them. */
  readonly name: string;
}

/** Moves numbers to the workspace's file, or from there. */
export interface FileStep {
  /** To the file, or from there. */
  readonly kind: "store" | "load";
  /** Where they lie, or go, in the workspace. */
  readonly region: Region;
  /** Where they go, or lie, in the file, in elements. */
  readonly position: number;
}

/** One step of {@link Workspace.execute}. */
export type WorkspaceStep = RunStep | WriteStep | ReadStep | FileStep;

/** The options of {@link Runtime.createWorkspace}. */
export interface WorkspaceOptions {
  /** Elements of memory. */
  readonly size: number;
  /** Elements of the temporary file; none by default. */
  readonly fileSize?: number;
  /** Where the temporary file goes; the system's folder for them by default. */
  readonly folder?: string;
}

/** Memory beside the sessions, in which the results of one run are the inputs of the next, without copies. */
export interface Workspace {
  /** Takes the steps in order, after those of every call before; resolves with the tensors that they read. */
  execute(
    steps: readonly WorkspaceStep[],
    options?: { signal?: AbortSignal },
  ): Promise<Record<string, Tensor>>;
  /** Frees the memory and removes the file. Disposing twice does no harm. */
  dispose(): Promise<void>;
}

/**
 * What executes graphs: a build of ONNX Runtime on one device. Sessions, states and workspaces take their calls in
 * the order in which they were made.
 */
export interface Runtime {
  /** For messages: "onnxruntime-node", "onnxruntime-web". */
  readonly name: string;
  /** Where its sessions are, once the first one exists. */
  readonly device: ConcreteDevice | undefined;
  /** Threads of one operator, 0 for one per core; undefined where the runtime does not say. */
  readonly threadCount?: number | undefined;
  /** How large a tensor can be on its device; undefined where the runtime does not say. */
  readonly maxBufferBytes?: number | undefined;
  /** Whether graphs are computed without what makes them faster on its device alone. @default false */
  readonly isPlain?: boolean | undefined;
  /** Whether it was disposed: whatever it made refuses to compute. */
  readonly isDisposed: boolean;
  /**
   * Where the next session will be made: what a plan is made for. Of the devices that are possible, the first one that is there;
   * free where only one is. If not even a first session can be made there, it is the next one from then on.
   */
  resolve(): Promise<ConcreteDevice>;
  /** Begins to get ready for a first session while the caller does something else; what fails, fails there. */
  warmUp?(): void;
  /**
   * Makes a graph ready to run.
   *
   * @throws RUNTIME when ONNX Runtime cannot make the session on any device that is possible; DISPOSED.
   */
  createSession(graph: Graph, options?: SessionOptions): Promise<Session>;
  /** Moves a copy of the tensors to where graphs are computed. */
  createState(tensors: Readonly<Record<string, Tensor>>): Promise<State>;
  /**
   * @throws RUNTIME when the memory is not there, UNSUPPORTED when the platform has no files, IO when the temporary
   * file cannot be made.
   */
  createWorkspace(options: WorkspaceOptions): Promise<Workspace>;
  /** Disposes every session and whatever runs them. */
  dispose(): Promise<void>;
}
