/** The portable runtime: onnxruntime-web, in browsers and (its WebAssembly build) in Node. One thing at a time: see turns.ts. */
import type { InferenceSession } from "onnxruntime-common";
import { checkGraph, type Graph } from "../../graph/index.ts";
import { encodeModel, type Placement } from "../../onnx/index.ts";
import type { ByteSource } from "../../tensor/byte-source.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { StoredTensor } from "../../tensor/stored-tensor.ts";
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
import { checkOptions, oneOf, type OptionKinds } from "../../util/check-options.ts";
import { withWasmRemedy } from "./missing-wasm.ts";
import { nextTask } from "./next-task.ts";
import { checkOrtModule, type OrtModule } from "./ort-module.ts";
import type { Turns } from "../turns.ts";
import { turnsOf } from "./turns-of.ts";
import { checkWebDevice, providers } from "./web-device.ts";
import { WebSession } from "./web-session.ts";
import { WebState } from "./web-state.ts";
import { WebWorkspace } from "./web-workspace.ts";

export type { OrtModule } from "./ort-module.ts";

/** A file of weights under the name by which models refer to it. */
interface WeightFile {
  readonly path: string;
  readonly data: Uint8Array;
}

/** Files so far: a build of onnxruntime-web has one folder for the files of all its runtimes. */
let fileCount = 0;

/** The options of a {@link WebRuntime}. */
export interface WebRuntimeOptions {
  /** Where to run. @default "auto": WebAssembly */
  readonly device?: Device;
}

const runtimeKinds: OptionKinds<WebRuntimeOptions> = { device: oneOf(devices) };

/**
 * ONNX Runtime's build for browsers: WebAssembly, or WebGPU. It computes in the thread that calls it, one call at a
 * time for all runtimes of a page.
 *
 * Given to several models (option `runtime`), it is disposed by whoever made it.
 */
export class WebRuntime implements Runtime {
  readonly name = "onnxruntime-web";
  readonly #ort: OrtModule;
  readonly #devices: DeviceChoice;
  readonly #turns: Turns;
  readonly #lifetime = new Lifetime("The runtime");
  readonly #sessions = new Set<WebSession>();
  /**
   * Whole files, read once: the WebAssembly heap is filled from buffers, not from files. They go with their source, that is,
   * with their model: others may go on with this runtime.
   */
  #files = new WeakMap<ByteSource, Promise<WeightFile>>();

  /** @param ort the entry of onnxruntime-web that fits the platform. */
  constructor(ort: OrtModule, options: WebRuntimeOptions = {}) {
    checkOptions("WebRuntime", options, runtimeKinds);
    checkOrtModule(ort);
    const { device = "auto" } = options;
    checkWebDevice(device);
    const chosen = device === "auto" ? "cpu" : device;
    this.#ort = ort;
    this.#turns = turnsOf(ort);
    // The only candidate needs no probe: the first session tells.
    this.#devices = new DeviceChoice([chosen], () => Promise.resolve());
  }

  get device(): ConcreteDevice | undefined {
    return this.#devices.settled;
  }

  get isDisposed(): boolean {
    return this.#lifetime.isOver;
  }

  resolve(): Promise<ConcreteDevice> {
    return this.#devices.resolve();
  }

  createSession(graph: Graph, options: SessionOptions = {}): Promise<Session> {
    return this.#lifetime.during(() => {
      checkGraph(graph, "createSession");
      return this.#prepareSession(graph, options);
    });
  }

  async #prepareSession(graph: Graph, { device: planned }: SessionOptions): Promise<Session> {
    const files = await this.#readWeights(graph);
    const create = (device: ConcreteDevice): Promise<Session> => this.#createSession(graph, files, device);
    return this.#devices.make(`the graph ${graph.name}`, create, planned);
  }

  async #createSession(
    graph: Graph,
    files: ReadonlyMap<ByteSource, WeightFile>,
    device: ConcreteDevice,
  ): Promise<Session> {
    const place = ({ source, byteOffset, byteLength }: StoredTensor): Placement => ({
      location: files.get(source)!.path,
      byteOffset,
      byteLength,
    });
    const options = {
      executionProviders: [providers[device]!],
      externalData: [...files.values()],
      logSeverityLevel: 4,
    } as const;
    const model = encodeModel(graphForDevice(graph, device), place);
    const session = await this.#turns.take(async () => {
      await nextTask();
      this.#lifetime.check();
      return this.#ort.InferenceSession.create(model, options).catch((error: unknown) => {
        throw withWasmRemedy(error);
      });
    });
    const kept = this.#keep(graph, session);
    // The end came while it was made, and did not know of it.
    if (this.#lifetime.isOver) await kept.dispose();
    return kept;
  }

  createState(tensors: Readonly<Record<string, Tensor>>): Promise<State> {
    return this.#lifetime.during(() => Promise.resolve(new WebState(this.#turns, tensors)));
  }

  createWorkspace(options: WorkspaceOptions): Promise<Workspace> {
    return this.#lifetime.during(() => Promise.resolve().then(() => new WebWorkspace(this.#turns, options)));
  }

  dispose(): Promise<void> {
    return this.#lifetime.end(async () => {
      this.#files = new WeakMap();
      await Promise.all([...this.#sessions].map((session) => session.dispose()));
    });
  }

  /** `dispose`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  async #readWeights(graph: Graph): Promise<Map<ByteSource, WeightFile>> {
    const sources = new Set(
      graph.initializers.flatMap(({ data }) => ("stored" in data ? [data.stored.source] : [])),
    );
    const read = async (source: ByteSource): Promise<[ByteSource, WeightFile]> => [
      source,
      await this.#file(source),
    ];
    return new Map(await Promise.all([...sources].map(read)));
  }

  #file(source: ByteSource): Promise<WeightFile> {
    const known = this.#files.get(source);
    if (known !== undefined) return known;
    const path = `vaekit-weights-${fileCount++}`;
    const file = source.read(0, source.byteLength).then((data) => ({ path, data }));
    this.#files.set(source, file);
    // What could not be read may be there the next time.
    file.catch(() => this.#files.delete(source));
    return file;
  }

  #keep(graph: Graph, session: InferenceSession): Session {
    const onDispose = (disposed: WebSession): void => void this.#sessions.delete(disposed);
    const kept = new WebSession({ turns: this.#turns, graph, session, Tensor: this.#ort.Tensor, onDispose });
    this.#sessions.add(kept);
    return kept;
  }
}
