/** A state in JavaScript's memory, where the WebAssembly runtime copies tensors from. */
import { VaekitError } from "../../errors.ts";
import type { Graph } from "../../graph/index.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { nextOf, type State } from "../runtime.ts";
import type { Turns } from "../turns.ts";

export class WebState implements State {
  readonly names: readonly string[];
  readonly #turns: Turns;
  readonly #tensors: Map<string, Tensor>;
  #isDisposed = false;

  constructor(turns: Turns, tensors: Readonly<Record<string, Tensor>>) {
    this.#turns = turns;
    this.names = Object.keys(tensors);
    this.#tensors = new Map(Object.entries(tensors).map(([name, tensor]) => [name, copyOf(tensor)]));
  }

  async read(names = this.names): Promise<Record<string, Tensor>> {
    this.throwIfDisposed();
    return this.#turns.take(() =>
      Promise.resolve(Object.fromEntries(names.map((name) => [name, copyOf(this.#tensors.get(name)!)]))),
    );
  }

  async dispose(): Promise<void> {
    this.#isDisposed = true;
    await this.#turns.take(() => {
      this.#tensors.clear();
      return Promise.resolve();
    });
  }

  /** In a turn: the inputs of a graph that are not given. */
  inputsFor(graph: Graph, given: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
    const left = graph.inputs.filter(({ name }) => !(name in given));
    return Object.fromEntries(left.map(({ name }) => [name, this.#tensors.get(name)!]));
  }

  /** In a turn: takes the successors of its tensors out of a run's results. */
  take(results: Record<string, Tensor>): void {
    for (const name of this.names) {
      const next = results[nextOf(name)];
      if (next === undefined) continue;
      this.#tensors.set(name, next);
      Reflect.deleteProperty(results, nextOf(name));
    }
  }

  throwIfDisposed(): void {
    if (this.#isDisposed) throw new VaekitError("DISPOSED", "The state was disposed.");
  }
}

const copyOf = ({ data, shape, dtype }: Tensor): Tensor => Tensor.from(data.slice(), shape, dtype);
