/** The sessions of a trainer: one for each graph, made when it is first needed, all on one state. */
import { withBlocks } from "../cost/index.ts";
import type { Graph } from "../graph/index.ts";
import { Lifetime, type Runtime, type Session, type State } from "../runtime/index.ts";
import type { Tensor } from "../tensor/tensor.ts";

export class GraphSessions {
  readonly #runtime: Runtime;
  readonly #state: State;
  readonly #sessions = new Map<string, Promise<{ session: Session; graph: Graph }>>();

  readonly #lifetime = new Lifetime("The trainer");

  constructor(runtime: Runtime, state: State) {
    this.#runtime = runtime;
    this.#state = state;
  }

  /** Runs the graph of `key`; inputs that it does not have are left out. */
  async run(
    key: string,
    build: () => Graph,
    inputs: Readonly<Record<string, Tensor>>,
  ): Promise<Record<string, Tensor>> {
    this.#lifetime.check();
    const { session, graph } = await (this.#sessions.get(key) ?? this.#opened(key, build()));
    const known = new Set(graph.inputs.map(({ name }) => name));
    const fitting = Object.fromEntries(Object.entries(inputs).filter(([name]) => known.has(name)));
    return session.run(fitting, { state: this.#state });
  }

  /** One that could not be made, for want of memory, say, is made anew at the next try. */
  #opened(key: string, graph: Graph): Promise<{ session: Session; graph: Graph }> {
    const opened = this.#open(graph);
    this.#sessions.set(key, opened);
    opened.catch(() => this.#sessions.delete(key));
    return opened;
  }

  async #open(graph: Graph): Promise<{ session: Session; graph: Graph }> {
    return { session: await this.#runtime.createSession(withBlocks(graph)), graph };
  }

  /** Disposes the sessions so far; others can be made. */
  async forget(): Promise<void> {
    for (const opened of this.#sessions.values()) await (await opened).session.dispose();
    this.#sessions.clear();
  }

  dispose(): Promise<void> {
    return this.#lifetime.end(() => this.forget());
  }
}
