/** A session of the runtime's thread, as its callers see it. */
import { VaekitError } from "../../errors.ts";
import type { Graph } from "../../graph/index.ts";
import type { ByteSource } from "../../tensor/byte-source.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkInputs } from "../check-inputs.ts";
import { nextOf, type RunOptions, type Session } from "../runtime.ts";
import { stateIn, type NodeState } from "./node-state.ts";
import { checkUnchanged } from "./place-weights.ts";
import type { StateUse } from "./protocol.ts";
import { buffersOf, toMessages, toTensors } from "./tensor-messages.ts";
import type { WorkerClient } from "./worker-client.ts";

export class NodeSession implements Session {
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
