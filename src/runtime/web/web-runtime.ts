/**
 * The portable runtime: onnxruntime-web, in browsers and (its WebAssembly build) in Node.
 *
 * onnxruntime-web cannot create and run sessions side by side, so every call waits for the one before.
 */
import type { InferenceSession, Tensor as OrtTensor, TensorConstructor } from "onnxruntime-common";
import { abortedError, messageOf, throwIfAborted, VaekitError } from "../../errors.ts";
import type { Graph } from "../../graph/index.ts";
import { encodeModel, type Placement } from "../../onnx/index.ts";
import type { ByteSource } from "../../tensor/byte-source.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { StoredTensor } from "../../tensor/stored-tensor.ts";
import { checkInputs } from "../check-inputs.ts";
import { graphForDevice } from "../graph-for-device.ts";
import {
  nextOf,
  type ConcreteDevice,
  type Device,
  type RunOptions,
  type Runtime,
  type Session,
  type State,
  type Workspace,
  type WorkspaceOptions,
} from "../runtime.ts";
import { WebWorkspace } from "./web-workspace.ts";

/** The part of an onnxruntime-web entry (`/wasm`, `/webgpu`, `/jspi`) that is used here. */
export interface OrtModule {
  readonly InferenceSession: {
    create(model: Uint8Array, options?: InferenceSession.SessionOptions): Promise<InferenceSession>;
  };
  readonly Tensor: TensorConstructor;
}

/** What onnxruntime-web calls our devices. */
const providers: { [D in Device]: readonly { device: ConcreteDevice; provider: string }[] } = {
  auto: [{ device: "cpu", provider: "wasm" }],
  cpu: [{ device: "cpu", provider: "wasm" }],
  webgpu: [{ device: "webgpu", provider: "webgpu" }],
  cuda: [],
  dml: [],
  coreml: [],
};

export class WebRuntime implements Runtime {
  readonly name = "onnxruntime-web";
  readonly #ort: OrtModule;
  readonly #requested: Device;
  #device: ConcreteDevice | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  readonly #sessions = new Set<InferenceSession>();
  /** Whole files, read once: the WebAssembly heap is filled from buffers, not from files. */
  readonly #files = new Map<ByteSource, { path: string; data: Promise<Uint8Array> }>();

  /** @param ort the entry of onnxruntime-web that fits the platform. */
  constructor(ort: OrtModule, { device = "auto" }: { device?: Device } = {}) {
    if (providers[device].length === 0) {
      const message = `device: expected "auto", "cpu" or "webgpu" in onnxruntime-web, found "${device}".`;
      throw new VaekitError("UNSUPPORTED", message);
    }
    this.#ort = ort;
    this.#requested = device;
  }

  get device(): ConcreteDevice | undefined {
    return this.#device;
  }

  async createSession(graph: Graph): Promise<Session> {
    const externalData = await this.#readWeights(graph);
    const place = ({ source, byteOffset, byteLength }: StoredTensor): Placement => ({
      location: this.#files.get(source)!.path,
      byteOffset,
      byteLength,
    });
    const failures: string[] = [];
    for (const { device, provider } of providers[this.#requested]) {
      try {
        const options = { executionProviders: [provider], externalData, logSeverityLevel: 4 } as const;
        const model = encodeModel(graphForDevice(graph, device), place);
        const session = await this.#inTurn(() => this.#ort.InferenceSession.create(model, options));
        this.#sessions.add(session);
        this.#device = device;
        return this.#wrap(graph, session);
      } catch (error) {
        failures.push(`${device}: ${messageOf(error)}`);
      }
    }
    const message = `onnxruntime-web could not prepare the graph ${graph.name} (${failures.join("; ")}).`;
    throw new VaekitError("RUNTIME", message);
  }

  createState(tensors: Readonly<Record<string, Tensor>>): Promise<State> {
    return Promise.resolve(new WebState(tensors));
  }

  createWorkspace(options: WorkspaceOptions): Promise<Workspace> {
    return Promise.resolve().then(() => new WebWorkspace(options));
  }

  async dispose(): Promise<void> {
    const sessions = [...this.#sessions];
    this.#sessions.clear();
    this.#files.clear();
    await Promise.all(sessions.map((session) => this.#inTurn(() => session.release())));
  }

  async #readWeights(graph: Graph): Promise<{ path: string; data: Uint8Array }[]> {
    const sources = new Set(
      graph.initializers.flatMap(({ data }) => ("stored" in data ? [data.stored.source] : [])),
    );
    for (const source of sources) {
      if (this.#files.has(source)) continue;
      const path = `weights-${this.#files.size}`;
      this.#files.set(source, { path, data: source.read(0, source.byteLength) });
    }
    return Promise.all(
      [...sources].map(async (source) => {
        const file = this.#files.get(source)!;
        return { path: file.path, data: await file.data };
      }),
    );
  }

  #wrap(graph: Graph, session: InferenceSession): Session {
    return {
      run: (inputs, options) => this.#run(graph, session, inputs, options),
      dispose: async () => {
        if (this.#sessions.delete(session)) await this.#inTurn(() => session.release());
      },
    };
  }

  async #run(
    graph: Graph,
    session: InferenceSession,
    inputs: Readonly<Record<string, Tensor>>,
    { state, signal }: RunOptions = {},
  ): Promise<Record<string, Tensor>> {
    if (state !== undefined)
      return runWithState(graph, inputs, stateIn(state), (all) =>
        this.#run(graph, session, all, { ...(signal === undefined ? {} : { signal }) }),
      );
    checkInputs(graph, inputs);
    const feeds: Record<string, OrtTensor> = {};
    for (const [name, { data, shape }] of Object.entries(inputs)) {
      feeds[name] = new this.#ort.Tensor("float32", data as Float32Array, shape);
    }
    const results = await this.#inTurn(() => {
      throwIfAborted(signal);
      return session.run(feeds);
    });
    if (signal?.aborted === true) throw abortedError(signal);
    return Object.fromEntries(
      Object.entries(results).map(([name, { data, dims }]) => [
        name,
        Tensor.from(data as Float32Array, dims),
      ]),
    );
  }

  /** Runs `task` after every task before it has ended, well or badly. */
  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(task, task);
    this.#queue = result.catch(() => undefined);
    return result;
  }
}

/** The tensors lie in JavaScript's memory, where the WASM runtime copies them from. */
class WebState implements State {
  readonly names: readonly string[];
  readonly tensors: Map<string, Tensor>;

  constructor(tensors: Readonly<Record<string, Tensor>>) {
    this.names = Object.keys(tensors);
    this.tensors = new Map(Object.entries(tensors));
  }

  read(names = this.names): Promise<Record<string, Tensor>> {
    return Promise.resolve(Object.fromEntries(names.map((name) => [name, this.tensors.get(name)!])));
  }

  dispose(): Promise<void> {
    this.tensors.clear();
    return Promise.resolve();
  }
}

function stateIn(state: State): WebState {
  if (state instanceof WebState) return state;
  throw new VaekitError("INVALID_ARGUMENT", "run: expected a state of the same runtime as the session's.");
}

async function runWithState(
  graph: Graph,
  inputs: Readonly<Record<string, Tensor>>,
  state: WebState,
  run: (inputs: Readonly<Record<string, Tensor>>) => Promise<Record<string, Tensor>>,
): Promise<Record<string, Tensor>> {
  const fromState = graph.inputs
    .filter(({ name }) => !(name in inputs))
    .map(({ name }) => [name, state.tensors.get(name)] as const)
    .filter((entry): entry is readonly [string, Tensor] => entry[1] !== undefined);
  const results = await run({ ...Object.fromEntries(fromState), ...inputs });
  for (const name of state.names) {
    const next = results[nextOf(name)];
    if (next === undefined) continue;
    state.tensors.set(name, next);
    Reflect.deleteProperty(results, nextOf(name));
  }
  return results;
}
