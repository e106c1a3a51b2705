/** The native runtime: onnxruntime-node, in a thread of its own. */
import { tmpdir } from "node:os";
import { checkGraph, GraphBuilder, type Graph } from "../../graph/index.ts";
import { encodeModel } from "../../onnx/index.ts";
import {
  isLabelledInBlocks,
  ortDialect,
  type Attempt,
  type Blocks,
  type OrtSwitches,
  type TrickDescription,
} from "../../ort/index.ts";
import { switchedOffHere } from "../../ort/node/switches.ts";
import { Tricks } from "../../ort/node/tricks.ts";
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
import type { TensorMessage } from "./protocol.ts";
import { fatal, outputTypes, sessionOptions } from "./session-options.ts";
import { buffersOf, toMessages } from "./tensor-messages.ts";
import { WorkerClient } from "./worker-client.ts";

export type { OrtSwitches, TrickDescription, TrickName } from "../../ort/index.ts";

/** The options of a {@link NodeRuntime}. */
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
  /**
   * Switches off what vaekit does with ONNX Runtime that its documentation does not promise: "plain" all of it, `{ [name]: false }` a
   * part. The environment's VAEKIT_ORT does the same for every runtime: "plain", or "no-" and a name, several with commas.
   */
  readonly ort?: OrtSwitches;
}

/** What computes, and how. */
export interface RuntimeDescription {
  /** "onnxruntime-node". */
  readonly name: string;
  /** Of ONNX Runtime. */
  readonly version: string;
  /** Where it computes. */
  readonly device: ConcreteDevice;
  /** Each feature of ONNX Runtime that its documentation does not promise, and whether it is used here. */
  readonly tricks: readonly TrickDescription[];
}

const runtimeKinds: OptionKinds<NodeRuntimeOptions> = {
  device: oneOf(devices),
  threadCount: wholeNumber(0),
  keepsMemory: optionKinds.boolean,
  ort: optionKinds.checkedElsewhere,
};

/**
 * ONNX Runtime's native build, in a thread of its own: computing does not block the caller's event loop. Weights in
 * files are mapped, not read.
 *
 * Given to several models (option `runtime`), it is disposed by whoever made it.
 */
export class NodeRuntime implements Runtime {
  /** "onnxruntime-node". */
  readonly name = "onnxruntime-node";
  readonly #devices: DeviceChoice;
  readonly threadCount: number;
  readonly #keepsMemory: boolean;
  readonly #client = new WorkerClient();
  readonly #version: string;
  readonly #tricks: Tricks;
  #nextSession = 0;
  #nextState = 0;
  #nextWorkspace = 0;

  /** @throws INVALID_ARGUMENT when VAEKIT_ORT has a name that is not known, before there is a runtime. */
  static checkEnvironment(): void {
    switchedOffHere(undefined);
  }

  /**
   * @param tried what "auto" tries, in order.
   * @throws UNSUPPORTED when onnxruntime-node is not installed or cannot be loaded; INVALID_ARGUMENT for an option or a name in
   *   VAEKIT_ORT that is not known.
   */
  constructor(options: NodeRuntimeOptions = {}, tried?: readonly ConcreteDevice[]) {
    checkOptions("NodeRuntime", options, runtimeKinds);
    const { device = "auto", threadCount = 0, keepsMemory = false } = options;
    const off = switchedOffHere(options.ort);
    const { version, backends } = loadNativeEngine();
    const candidates = device === "auto" ? (tried ?? autoDevicesHere(backends)) : [device];
    this.#devices = new DeviceChoice(candidates, (candidate) => this.#probe(candidate));
    this.threadCount = threadCount;
    this.#keepsMemory = keepsMemory;
    this.#version = version;
    this.#tricks = new Tricks(off, (attempt) => this.#attempt(attempt));
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
    await this.#tricks.prepare();
  }

  /**
   * Which version of ONNX Runtime computes where, and which of its own ways it is used in.
   *
   * @throws RUNTIME when the device is not there.
   */
  async describe(): Promise<RuntimeDescription> {
    const device = await this.resolve();
    if (device !== "cpu") await this.#probe(device);
    const tricks = await this.#tricks.describe(device === "cpu");
    return { name: this.name, version: this.#version, device, tricks };
  }

  async createSession(graph: Graph, options: SessionOptions = {}): Promise<Session> {
    checkGraph(graph, "createSession");
    const weights = await this.#placeWeights(graph);
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
    const isProcessor = device === "cpu";
    const [endsUnreturned, hints, fuses, sharesArena, blocks] = await Promise.all([
      this.#tricks.isOn("uncopied-results"),
      this.#tricks.isOn("session-hints"),
      // Optimisers take half of a session's making: a training step, which is one session, has them.
      isProcessor && !this.#keepsMemory && this.#tricks.isOn("fused-operators"),
      isProcessor && inWorkspace && this.#tricks.isOn("shared-arena"),
      isProcessor ? this.#blocksFor(graph) : undefined,
    ]);
    const { threadCount } = this;
    const ways = { threadCount, keepsMemory: this.#keepsMemory, fuses, hints };
    const options = sessionOptions(device, weights, ways);
    const dialect = ortDialect({ endsUnreturned, fuses, blocks });
    const model = encodeModel(graphForDevice(graph, device), weights.place, dialect);
    const outputs = outputTypes(graph);
    const body = { session, model, options, sharesArena, endsUnreturned, outputs };
    await this.#client.request({ kind: "create", ...body });
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

  /** `dispose`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  #placeWeights(graph: Graph): Promise<PlacedWeights> {
    return placeWeights(graph, () => this.#tricks.isOn("mapped-weights"));
  }

  async #blocksFor(graph: Graph): Promise<Blocks | undefined> {
    const size = await this.#tricks.blockSize();
    if (size === undefined) return undefined;
    const isAsked = graph.composites.some(({ kind }) => kind === "WeightGradient");
    const hasGroups = isAsked && (await this.#tricks.isOn("grouped-gradients"));
    return { size, hasGroups, isChosen: isLabelledInBlocks };
  }

  /** Makes a session of one operator there: what a device lacks to be used, it lacks for that. */
  async #probe(device: ConcreteDevice): Promise<void> {
    const builder = new GraphBuilder("probe");
    const y = builder.apply("Neg", [builder.input("x", "float32", [1])], {});
    const graph = builder.build({ y });
    const session = await this.#createSession(graph, await this.#placeWeights(graph), device, {});
    await session.dispose();
  }

  /** Runs a tiny model on the processor. */
  async #attempt({
    model,
    inputs,
    outputs,
    ...attempt
  }: Attempt): Promise<Record<string, ArrayLike<number>>> {
    const { externalData = [], extra = {}, ...rest } = attempt.options ?? {};
    const base = { executionProviders: ["cpu"], intraOpNumThreads: 1, logSeverityLevel: fatal } as const;
    const results = await this.#client.request({
      kind: "attempt",
      model,
      options: { ...base, ...rest, externalData: [...externalData], extra },
      sharesArena: attempt.sharesArena === true,
      endsUnreturned: attempt.endsUnreturned === true,
      inputs: toMessages(inputs),
      outputs: outputs.map(({ name, shape }) => ({ name, shape })),
    });
    return mapValues(results);
  }
}

const mapValues = (results: Readonly<Record<string, TensorMessage>>): Record<string, Float32Array> =>
  Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data as Float32Array]));
