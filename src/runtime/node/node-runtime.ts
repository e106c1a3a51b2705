/** The native runtime: onnxruntime-node, in a thread of its own. */
import { tmpdir } from "node:os";
import type { InferenceSession } from "onnxruntime-node";
import { invariant, VaekitError } from "../../errors.ts";
import { GraphBuilder, type Graph } from "../../graph/index.ts";
import { encodeModel, type LayoutProbe } from "../../onnx/index.ts";
import type { ByteSource } from "../../tensor/byte-source.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { checkInputs } from "../check-inputs.ts";
import { DeviceChoice } from "../device-choice.ts";
import { graphForDevice } from "../graph-for-device.ts";
import { checkOptions, oneOf, optionKinds, wholeNumber, type OptionKinds } from "../../util/check-options.ts";
import {
  devices,
  nextOf,
  type ConcreteDevice,
  type Device,
  type RunOptions,
  type Runtime,
  type Session,
  type SessionOptions,
  type State,
  type Workspace,
  type WorkspaceOptions,
  type WorkspaceStep,
} from "../runtime.ts";
import { autoDevicesHere } from "./auto-devices.ts";
import { checkFreeSpace } from "./free-space.ts";
import { Layout } from "./layout.ts";
import { loadNativeEngine } from "./native-engine.ts";
import { unreturnedOutput } from "./run-into.js";
import { checkUnchanged, placeWeights, type PlacedWeights } from "./place-weights.ts";
import type { OutputType, StateUse, StepMessage, TensorMessage } from "./protocol.ts";
import { WorkerClient } from "./worker-client.ts";

export interface NodeRuntimeOptions {
  /** Where to run; "auto" (the default) tries the platform's GPU provider and falls back to the processor. */
  readonly device?: Device;
  /** Threads of one operator; by default one per core. */
  readonly threadCount?: number;
  /**
   * Keeps the working memory of a run for the next one. Twice as fast for many short runs of one graph, as in
   * training; for single large ones it only costs memory.
   */
  readonly keepsMemory?: boolean;
}

const runtimeKinds: OptionKinds<NodeRuntimeOptions> = {
  device: oneOf(devices),
  threadCount: wholeNumber(0),
  keepsMemory: optionKinds.boolean,
};

export class NodeRuntime implements Runtime {
  readonly name = "onnxruntime-node";
  readonly #devices: DeviceChoice;
  readonly #threadCount: number;
  readonly #keepsMemory: boolean;
  readonly #client = new WorkerClient();
  readonly #layout = new Layout((probe) => this.#ask(probe));
  #nextSession = 0;
  #nextState = 0;
  #nextWorkspace = 0;

  /**
   * @param tried what "auto" tries, in order.
   * @throws UNSUPPORTED when onnxruntime-node is not installed or cannot be loaded.
   */
  constructor(options: NodeRuntimeOptions = {}, tried?: readonly ConcreteDevice[]) {
    checkOptions("NodeRuntime", options, runtimeKinds);
    const { device = "auto", threadCount = 0, keepsMemory = false } = options;
    const known = loadNativeEngine();
    const candidates = device === "auto" ? (tried ?? autoDevicesHere(known)) : [device];
    this.#devices = new DeviceChoice(candidates, (candidate) => this.#probe(candidate));
    this.#threadCount = threadCount;
    this.#keepsMemory = keepsMemory;
  }

  get device(): ConcreteDevice | undefined {
    return this.#devices.settled;
  }

  resolve(): Promise<ConcreteDevice> {
    return this.#devices.resolve();
  }

  /** Starts the thread, which loads ONNX Runtime, where the processor may be what it is for. */
  warmUp(): void {
    this.#warmUp().catch(() => undefined);
  }

  async #warmUp(): Promise<void> {
    if (this.device !== undefined || (await this.resolve()) !== "cpu") return;
    await Promise.all([this.#client.request({ kind: "warm-up" }), this.#layout.blockSize()]);
  }

  async createSession(graph: Graph, options: SessionOptions = {}): Promise<Session> {
    const weights = await placeWeights(graph);
    const create = (device: ConcreteDevice): Promise<Session> =>
      this.#createSession(graph, weights, device, options);
    return this.#devices.make(`the graph ${graph.name}`, create, options.device);
  }

  async #createSession(
    graph: Graph,
    weights: PlacedWeights,
    device: ConcreteDevice,
    { inWorkspace = false }: SessionOptions,
  ): Promise<Session> {
    const session = this.#nextSession++;
    const options = sessionOptions(device, weights, {
      threadCount: this.#threadCount,
      keepsMemory: this.#keepsMemory,
      joins: this.#joins(device),
    });
    const model = encodeModel(graphForDevice(graph, device), weights.place, {
      sequenceOutput: unreturnedOutput,
      joins: this.#joins(device),
      blocks: device === "cpu" ? await this.#layout.for(graph) : undefined,
    });
    const outputs = outputTypes(graph);
    const sharesArena = inWorkspace && device === "cpu";
    await this.#client.request({ kind: "create", session, model, options, sharesArena, outputs });
    return new NodeSession(this.#client, session, graph, weights.mapped);
  }

  async createState(tensors: Readonly<Record<string, Tensor>>): Promise<State> {
    const state = this.#nextState++;
    const messages = toMessages(tensors);
    await this.#client.request({ kind: "create-state", state, tensors: messages }, buffersOf(messages));
    return new NodeState(this.#client, state, Object.keys(tensors));
  }

  async createWorkspace({ size, fileSize = 0, folder = tmpdir() }: WorkspaceOptions): Promise<Workspace> {
    if (fileSize > 0) await checkFreeSpace(folder, fileSize * Float32Array.BYTES_PER_ELEMENT);
    const workspace = this.#nextWorkspace++;
    const file = fileSize > 0 ? folder : undefined;
    await this.#client.request({ kind: "create-workspace", workspace, size, folder: file });
    return new NodeWorkspace(this.#client, workspace);
  }

  /** Ends the thread after the computation under way; calls that wait for it reject with DISPOSED. */
  dispose(): Promise<void> {
    return this.#client.dispose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  /** Optimisers take half of a session's making: a training step, which is one session, has them. */
  #joins(device: ConcreteDevice): boolean {
    return device === "cpu" && !this.#keepsMemory;
  }

  /** Makes a session of one operator there: what a device lacks to be used, it lacks for that. */
  async #probe(device: ConcreteDevice): Promise<void> {
    const builder = new GraphBuilder("probe");
    const y = builder.apply("Neg", [builder.input("x", "float32", [1])], {});
    const graph = builder.build({ y });
    const session = await this.#createSession(graph, await placeWeights(graph), device, {});
    await session.dispose();
  }

  /** All at once: this thread may be busy with planning while the other one answers. */
  async #ask<T>({ model, inputs, output, read }: LayoutProbe<T>): Promise<T> {
    const session = this.#nextSession++;
    const options = { executionProviders: ["cpu"], intraOpNumThreads: 1, logSeverityLevel: fatal } as const;
    const outputs = outputTypes({ outputs: [output] });
    const body = { session, model: model(unreturnedOutput), options, sharesArena: false, outputs };
    const [, answer] = await Promise.all([
      this.#client.request({ kind: "create", ...body }),
      this.#client.request({ kind: "run", session, inputs: toMessages(inputs) }),
      this.#client.request({ kind: "release", session }),
    ]);
    return read(answer[output.name]!.data as Float32Array);
  }
}

/** What fails is reported by the error itself. */
const fatal = 4;

function sessionOptions(
  device: ConcreteDevice,
  { folder, buffers }: PlacedWeights,
  { threadCount, keepsMemory, joins }: { threadCount: number; keepsMemory: boolean; joins: boolean },
): InferenceSession.SessionOptions {
  return {
    executionProviders: [device],
    intraOpNumThreads: threadCount,
    // "all" would also copy constant weights into the blocked layout: twice their memory, which would no longer be the
    // mapped file. Convolutions that gain by blocks are written in them already (onnx/blocked-convolutions.ts).
    graphOptimizationLevel: joins ? "disabled" : "extended",
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

const outputTypes = ({ outputs }: Pick<Graph, "outputs">): Record<string, OutputType> =>
  Object.fromEntries(
    outputs.map(({ name, dtype, shape }) => {
      invariant(dtype !== "float16" && dtype !== "bfloat16", `a graph has no ${dtype} output`);
      return [name, { dtype, shape }];
    }),
  );

class NodeSession implements Session {
  readonly #client: WorkerClient;
  readonly id: number;
  readonly #graph: Graph;
  /** The files in which its weights lie. */
  readonly mapped: readonly ByteSource[];
  #isDisposed = false;

  constructor(client: WorkerClient, id: number, graph: Graph, mapped: readonly ByteSource[]) {
    this.#client = client;
    this.id = id;
    this.#graph = graph;
    this.mapped = mapped;
  }

  async run(
    inputs: Readonly<Record<string, Tensor>>,
    options: RunOptions = {},
  ): Promise<Record<string, Tensor>> {
    const { state, signal } = options;
    this.throwIfDisposed();
    checkInputs(this.#graph, inputs, state?.names);
    checkUnchanged(this.mapped);
    const messages = toMessages(inputs);
    const use = state === undefined ? {} : { use: this.#stateUse(stateIn(state), inputs) };
    const body = { kind: "run", session: this.id, inputs: messages, ...use } as const;
    return toTensors(await this.#client.request(body, buffersOf(messages), signal));
  }

  #stateUse(state: NodeState, inputs: Readonly<Record<string, Tensor>>): StateUse {
    state.throwIfDisposed();
    const outputs = new Set(this.#graph.outputs.map(({ name }) => name));
    const replaced = state.names.filter((name) => outputs.has(nextOf(name)));
    return {
      state: state.id,
      reads: this.#graph.inputs.map(({ name }) => name).filter((name) => !(name in inputs)),
      replaces: Object.fromEntries(replaced.map((name) => [nextOf(name), name])),
    };
  }

  async dispose(): Promise<void> {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    await this.#client.release({ kind: "release", session: this.id });
  }

  throwIfDisposed(): void {
    if (this.#isDisposed) throw new VaekitError("DISPOSED", "The session was disposed.");
  }
}

class NodeState implements State {
  readonly id: number;
  readonly names: readonly string[];
  readonly #client: WorkerClient;
  #isDisposed = false;

  constructor(client: WorkerClient, id: number, names: readonly string[]) {
    this.id = id;
    this.names = names;
    this.#client = client;
  }

  async read(names = this.names): Promise<Record<string, Tensor>> {
    this.throwIfDisposed();
    return toTensors(await this.#client.request({ kind: "read-state", state: this.id, names }));
  }

  async dispose(): Promise<void> {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    await this.#client.release({ kind: "release-state", state: this.id });
  }

  throwIfDisposed(): void {
    if (this.#isDisposed) throw new VaekitError("DISPOSED", "The state was disposed.");
  }
}

class NodeWorkspace implements Workspace {
  readonly #client: WorkerClient;
  readonly #workspace: number;
  #isDisposed = false;

  constructor(client: WorkerClient, workspace: number) {
    this.#client = client;
    this.#workspace = workspace;
  }

  async execute(
    steps: readonly WorkspaceStep[],
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<Record<string, Tensor>> {
    if (this.#isDisposed) throw new VaekitError("DISPOSED", "The workspace was disposed.");
    checkUnchanged(mappedBy(steps));
    const body = { kind: "execute", workspace: this.#workspace, steps: steps.map(toStepMessage) } as const;
    const buffers = steps.flatMap((step) => (step.kind === "write" ? [step.data.buffer] : []));
    return toTensors(await this.#client.request(body, buffers, signal));
  }

  async dispose(): Promise<void> {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    await this.#client.release({ kind: "release-workspace", workspace: this.#workspace });
  }
}

/** The files in which the weights of some steps lie, each once. */
function mappedBy(steps: readonly WorkspaceStep[]): ByteSource[] {
  const sessions = steps.flatMap((step) =>
    step.kind === "run" && step.session instanceof NodeSession ? [step.session] : [],
  );
  return [...new Set(sessions.flatMap(({ mapped }) => mapped))];
}

function toStepMessage(step: WorkspaceStep): StepMessage {
  if (step.kind !== "run") return step;
  const { session, ...rest } = step;
  if (session instanceof NodeSession) {
    session.throwIfDisposed();
    return { ...rest, session: session.id };
  }
  throw new VaekitError(
    "INVALID_ARGUMENT",
    "execute: expected a session of the same runtime as the workspace's.",
  );
}

function stateIn(state: State): NodeState {
  if (state instanceof NodeState) return state;
  throw new VaekitError("INVALID_ARGUMENT", "run: expected a state of the same runtime as the session's.");
}

const toMessages = (tensors: Readonly<Record<string, Tensor>>): Record<string, TensorMessage> =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, toMessage(tensor)]));

const buffersOf = (messages: Readonly<Record<string, TensorMessage>>): ArrayBuffer[] =>
  Object.values(messages).map(({ data }) => data.buffer);

const toTensors = (messages: Readonly<Record<string, TensorMessage>>): Record<string, Tensor> =>
  Object.fromEntries(
    Object.entries(messages).map(([name, { data, shape, dtype }]) => [name, Tensor.from(data, shape, dtype)]),
  );

/** A copy: the message's buffer moves to the other thread, and the caller keeps the tensor. */
function toMessage({ dtype, data, shape }: Tensor): TensorMessage {
  invariant(dtype !== "float16" && dtype !== "bfloat16", `a graph has no ${dtype} input`);
  return { dtype, data: data.slice() as TensorMessage["data"], shape };
}
