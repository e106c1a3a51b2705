/** The portable runtime: onnxruntime-web, in browsers and (its WebAssembly build) in Node. One thing at a time: see turns.ts. */
import type { InferenceSession } from "onnxruntime-common";
import { checkGraph, type Graph } from "../../graph/index.ts";
import { encodeModel } from "../../onnx/index.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { DeviceChoice } from "../device-choice.ts";
import { graphForDevice } from "../graph-for-device.ts";
import { Lifetime } from "../lifetime.ts";
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
import { checkOptions, oneOf, optionKinds, type OptionKinds } from "../../util/check-options.ts";
import { encodeFrugalModel, foldsNothing } from "./frugal-model.ts";
import type { GraphicsDevice } from "./graphics-device.ts";
import { withWasmRemedy } from "./missing-wasm.ts";
import { startWasm } from "./start-wasm.ts";
import { nextTask } from "./next-task.ts";
import { checkOrtModule, type OrtModule } from "./ort-module.ts";
import { compareRuntimes } from "./self-test.ts";
import type { Turns } from "../turns.ts";
import { turnsOf } from "./turns-of.ts";
import { checkWebDevice, providers } from "./web-device.ts";
import { WebSession } from "./web-session.ts";
import { WebState } from "./web-state.ts";
import { WebWorkspace } from "./web-workspace.ts";
import { placeWeights } from "./weight-files.ts";

export type { OrtModule } from "./ort-module.ts";

/** The options of a {@link WebRuntime}. */
export interface WebRuntimeOptions {
  /** Where to run. @default "auto": WebAssembly */
  readonly device?: Device;
  /**
   * Whether the entry of onnxruntime-web reads weights out of Blobs range by range, as `/jspi` does. The others would read
   * the whole of one. @default false
   */
  readonly readsBlobs?: boolean;
  /**
   * What `device: "webgpu"` computes with. @default a device that onnxruntime-web opens for itself
   *
   * @internal
   */
  readonly graphics?: GraphicsDevice;
  /**
   * Switches off what is done for WebAssembly's speed and memory alone: tiles that are transformed side by side, means by pooling,
   * and models that are written so that they take little memory, for which plans are. Results differ by rounding; for comparing,
   * and for finding out what a fault comes from. @default false
   */
  readonly plain?: boolean;
  /**
   * Whether what `device: "webgpu"` computes with is known to be right. What is not is tested before the first session. @default false
   *
   * @internal
   */
  readonly isTested?: boolean;
}

const runtimeKinds: OptionKinds<WebRuntimeOptions> = {
  device: oneOf(devices),
  readsBlobs: optionKinds.boolean,
  graphics: optionKinds.object,
  plain: optionKinds.boolean,
  isTested: optionKinds.boolean,
};

/**
 * ONNX Runtime's build for browsers: WebAssembly, or WebGPU. It computes in the thread that calls it, one call at a
 * time for all runtimes of a page.
 *
 * Given to several models (option `runtime`), it is disposed by whoever made it.
 */
export class WebRuntime implements Runtime {
  readonly name = "onnxruntime-web";
  readonly isPlain: boolean;
  readonly #ort: OrtModule;
  readonly #readsBlobs: boolean;
  readonly #graphics: GraphicsDevice | undefined;
  readonly #devices: DeviceChoice;
  #tested: Promise<void> | undefined;
  readonly #turns: Turns;
  readonly #lifetime = new Lifetime("The runtime");
  readonly #sessions = new Set<WebSession>();

  /** @param ort the entry of onnxruntime-web that fits the platform. */
  constructor(ort: OrtModule, options: WebRuntimeOptions = {}) {
    checkOptions("WebRuntime", options, runtimeKinds);
    checkOrtModule(ort);
    const { device = "auto", readsBlobs = false, plain = false, isTested = false } = options;
    checkWebDevice(device);
    const chosen = device === "auto" ? "cpu" : device;
    this.#ort = ort;
    this.#readsBlobs = readsBlobs;
    this.isPlain = plain;
    this.#graphics = options.graphics;
    this.#turns = turnsOf(ort);
    // The only candidate needs no probe: the first session tells.
    this.#devices = new DeviceChoice([chosen], () => Promise.resolve());
    if (chosen !== "webgpu" || isTested) this.#tested = Promise.resolve();
  }

  get device(): ConcreteDevice | undefined {
    return this.#devices.settled;
  }

  get maxBufferBytes(): number | undefined {
    return this.#graphics?.maxBufferBytes;
  }

  get isDisposed(): boolean {
    return this.#lifetime.isOver;
  }

  resolve(): Promise<ConcreteDevice> {
    return this.#devices.resolve();
  }

  /**
   * Loads and compiles WebAssembly, which else the first session does.
   *
   * @throws UNSUPPORTED, RUNTIME where it cannot be had.
   *
   * @internal
   */
  start(): Promise<void> {
    return this.#lifetime.during(() => this.#turns.take(() => startWasm(this.#ort)));
  }

  createSession(graph: Graph, options: SessionOptions = {}): Promise<Session> {
    return this.#lifetime.during(() => {
      checkGraph(graph, "createSession");
      return this.#prepareSession(graph, options);
    });
  }

  async #prepareSession(graph: Graph, { device: planned }: SessionOptions): Promise<Session> {
    await this.test();
    const create = (device: ConcreteDevice): Promise<Session> => this.#createSession(graph, device);
    return this.#devices.make(`the graph ${graph.name}`, create, planned);
  }

  /**
   * Compares WebGPU with WebAssembly, once. The first session waits for it.
   *
   * @throws RUNTIME where they compute something else.
   *
   * @internal
   */
  test(): Promise<void> {
    return (this.#tested ??= this.#compare());
  }

  async #compare(): Promise<void> {
    const graphics = this.#graphics === undefined ? {} : { graphics: this.#graphics };
    await using tested = new WebRuntime(this.#ort, { device: "webgpu", isTested: true, ...graphics });
    await using reference = new WebRuntime(this.#ort, { device: "cpu" });
    await compareRuntimes(tested, reference);
  }

  async #createSession(graph: Graph, device: ConcreteDevice): Promise<Session> {
    const session = await this.#turns.take(() => this.#createInTurn(graph, device));
    // The end came while it was made, and did not know of it.
    if (this.#lifetime.isOver) await session.dispose();
    return session;
  }

  /** The weights are read in the turn, too: two sessions made at once would hold theirs together. */
  async #createInTurn(graph: Graph, device: ConcreteDevice): Promise<Session> {
    await nextTask();
    this.#lifetime.check();
    const { place, files } = await placeWeights(graph, this.#readsBlobs);
    this.#lifetime.check();
    // (WebGPU turns kernels that are no constants in each run.)
    const hasFiles = device === "cpu" && files.length > 0;
    const options = {
      executionProviders: [this.#provider(device)],
      externalData: files,
      logSeverityLevel: 4,
      ...(hasFiles ? foldsNothing : {}),
    } as const;
    const encode = hasFiles && !this.isPlain ? encodeFrugalModel : encodeModel;
    const model = encode(graphForDevice(graph, device), place);
    const create = (): Promise<InferenceSession> => this.#ort.InferenceSession.create(model, options);
    const session = await (this.#graphics?.during(create) ?? create()).catch((error: unknown) => {
      throw withWasmRemedy(error, `the graph ${graph.name}`);
    });
    return this.#keep(graph, session);
  }

  #provider(device: ConcreteDevice): InferenceSession.ExecutionProviderConfig {
    if (device !== "webgpu" || this.#graphics === undefined) return providers[device]!;
    return {
      name: "webgpu",
      device: this.#graphics.device,
    };
  }

  createState(tensors: Readonly<Record<string, Tensor>>): Promise<State> {
    return this.#lifetime.during(() => Promise.resolve(new WebState(this.#turns, tensors)));
  }

  createWorkspace(options: WorkspaceOptions): Promise<Workspace> {
    return this.#lifetime.during(() => Promise.resolve().then(() => new WebWorkspace(this.#turns, options)));
  }

  dispose(): Promise<void> {
    return this.#lifetime.end(async () => {
      await Promise.all([...this.#sessions].map((session) => session.dispose()));
    });
  }

  /** `dispose`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  #keep(graph: Graph, session: InferenceSession): Session {
    const onDispose = (disposed: WebSession): void => void this.#sessions.delete(disposed);
    const [turns, graphics, { Tensor }] = [this.#turns, this.#graphics, this.#ort];
    const kept = new WebSession({ turns, graph, session, Tensor, graphics, onDispose });
    this.#sessions.add(kept);
    return kept;
  }
}
