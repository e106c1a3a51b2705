/** Tensors that stay in the runtime's thread, as their callers see them. */
import { VaekitError } from "../../errors.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { State } from "../runtime.ts";
import { toTensors } from "./tensor-messages.ts";
import type { WorkerClient } from "./worker-client.ts";

export class NodeState implements State {
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

/** A state of this runtime. @throws INVALID_ARGUMENT for one of another. */
export function stateIn(state: State): NodeState {
  if (state instanceof NodeState) return state;
  throw new VaekitError("INVALID_ARGUMENT", "run: expected a state of the same runtime as the session's.");
}
