/** The native runtime: onnxruntime-node, in a thread of its own. */
import { tmpdir } from "node:os";
import { checkGraph, GraphBuilder, type Graph } from "../../graph/index.ts";
import { encodeModel } from "../../onnx/index.ts";
import { ortDialect, type Blocks, type LayoutProbe } from "../../ort/index.ts";
import { Layout } from "../../ort/node/layout.ts";
import { worthBlocks } from "../../rewrite/index.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkOptions, oneOf, optionKinds, wholeNumber, type OptionKinds } from "../../util/check-options.ts";
import { DeviceChoice } from "../device-choice.ts";
import { graphForDevice } from "../graph-for-device.ts";
import {
  devices,
  type ConcreteDevice,
  type Device,
  type Runtime,
  type Session,
  type SessionOptions,
  type State,
  type Workspace,
  type WorkspaceOptions,
} from "../runtime.ts";
import { autoDevicesHere } from "./auto-devices.ts";
import { checkFreeSpace } from "./free-space.ts";
import { loadNativeEngine } from "./native-engine.ts";
import { NodeSession } from "./node-session.ts";
import { NodeState } from "./node-state.ts";
import { NodeWorkspace } from "./node-workspace.ts";
import { placeWeights, type PlacedWeights } from "./place-weights.ts";
import { fatal, outputTypes, sessionOptions } from "./session-options.ts";
import { buffersOf, toMessages } from "./tensor-messages.ts";
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
  readonly threadCount: number;
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
    this.threadCount = threadCount;
    this.#keepsMemory = keepsMemory;
  }

  get device(): ConcreteDevice | undefined {
    return this.#devices.settled;
  }

  get isDisposed(): boolean {
    return this.#client.isDisposed;
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
    checkGraph(graph, "createSession");
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
      threadCount: this.threadCount,
      keepsMemory: this.#keepsMemory,
      fuses: this.#fuses(device),
    });
    const dialect = ortDialect({
      endsUnreturned: true,
      fuses: this.#fuses(device),
      blocks: device === "cpu" ? await this.#blocksFor(graph) : undefined,
    });
    const model = encodeModel(graphForDevice(graph, device), weights.place, dialect);
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

  async #blocksFor(graph: Graph): Promise<Blocks | undefined> {
    const layout = await this.#layout.for(graph);
    return layout && { ...layout, isChosen: worthBlocks(graph, layout.size) };
  }

  /** Optimisers take half of a session's making: a training step, which is one session, has them. */
  #fuses(device: ConcreteDevice): boolean {
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
    const body = { session, model, options, sharesArena: false, outputs };
    const [, answer] = await Promise.all([
      this.#client.request({ kind: "create", ...body }),
      this.#client.request({ kind: "run", session, inputs: toMessages(inputs) }),
      this.#client.request({ kind: "release", session }),
    ]);
    return read(answer[output.name]!.data as Float32Array);
  }
}
