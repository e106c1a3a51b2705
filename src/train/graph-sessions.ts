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
    const opened = this.#sessions.get(key) ?? this.#open(build());
    this.#sessions.set(key, opened);
    const { session, graph } = await opened;
    const known = new Set(graph.inputs.map(({ name }) => name));
    const fitting = Object.fromEntries(Object.entries(inputs).filter(([name]) => known.has(name)));
    return session.run(fitting, { state: this.#state });
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
