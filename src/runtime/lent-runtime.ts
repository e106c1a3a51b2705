/**
 * A runtime that somebody else owns, as one of several models has it: what the model makes with it ends with the model, and the
 * runtime goes on.
 */
import { VaekitError } from "../errors.ts";
import type { Graph } from "../graph/index.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Lifetime } from "./lifetime.ts";
import type {
  ConcreteDevice,
  RunOptions,
  Runtime,
  Session,
  SessionOptions,
  State,
  Workspace,
  WorkspaceOptions,
  WorkspaceStep,
} from "./runtime.ts";

/** What is made with a lent runtime, until it is disposed. */
class Made {
  readonly #all = new Set<{ dispose(): Promise<void> }>();
  readonly #runtime: Runtime;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** @throws DISPOSED when the owner has disposed the runtime. */
  check(): void {
    if (!this.#runtime.isDisposed) return;
    throw new VaekitError("DISPOSED", "The runtime that was given to this model was disposed.");
  }

  add<T extends { dispose(): Promise<void> }>(thing: T): T {
    this.#all.add(thing);
    return thing;
  }

  delete(thing: { dispose(): Promise<void> }): void {
    this.#all.delete(thing);
  }

  async dispose(): Promise<void> {
    await Promise.all([...this.#all].map((thing) => thing.dispose()));
  }
}

class LentSession implements Session {
  readonly inner: Session;
  readonly #made: Made;

  constructor(inner: Session, made: Made) {
    this.inner = inner;
    this.#made = made;
  }

  async run(inputs: Readonly<Record<string, Tensor>>, options?: RunOptions): Promise<Record<string, Tensor>> {
    this.#made.check();
    return this.inner.run(inputs, options);
  }

  dispose(): Promise<void> {
    this.#made.delete(this);
    return this.inner.dispose();
  }
}

class LentWorkspace implements Workspace {
  readonly #inner: Workspace;
  readonly #made: Made;

  constructor(inner: Workspace, made: Made) {
    this.#inner = inner;
    this.#made = made;
  }

  async execute(
    steps: readonly WorkspaceStep[],
    options?: { signal?: AbortSignal },
  ): Promise<Record<string, Tensor>> {
    this.#made.check();
    return this.#inner.execute(steps.map(ownStep), options);
  }

  dispose(): Promise<void> {
    this.#made.delete(this);
    return this.#inner.dispose();
  }
}

/** The step with a session that the runtime itself knows. */
function ownStep(step: WorkspaceStep): WorkspaceStep {
  if (step.kind !== "run" || !(step.session instanceof LentSession)) return step;
  return { ...step, session: step.session.inner };
}

export class LentRuntime implements Runtime {
  readonly #inner: Runtime;
  readonly #made: Made;
  readonly #lifetime = new Lifetime("The model's use of its runtime");

  constructor(inner: Runtime) {
    this.#inner = inner;
    this.#made = new Made(inner);
  }

  get name(): string {
    return this.#inner.name;
  }

  get device(): ConcreteDevice | undefined {
    return this.#inner.device;
  }

  get threadCount(): number | undefined {
    return this.#inner.threadCount;
  }

  get maxBufferBytes(): number | undefined {
    return this.#inner.maxBufferBytes;
  }

  get isPlain(): boolean | undefined {
    return this.#inner.isPlain;
  }

  get isDisposed(): boolean {
    return this.#lifetime.isOver || this.#inner.isDisposed;
  }

  resolve(): Promise<ConcreteDevice> {
    return this.#lifetime.during(() => {
      this.#made.check();
      return this.#inner.resolve();
    });
  }

  warmUp(): void {
    this.#inner.warmUp?.();
  }

  createSession(graph: Graph, options?: SessionOptions): Promise<Session> {
    return this.#make(
      async () => new LentSession(await this.#inner.createSession(graph, options), this.#made),
    );
  }

  /** As the runtime itself makes it, since sessions know their states. */
  createState(tensors: Readonly<Record<string, Tensor>>): Promise<State> {
    return this.#make(() => this.#inner.createState(tensors));
  }

  createWorkspace(options: WorkspaceOptions): Promise<Workspace> {
    return this.#make(async () => new LentWorkspace(await this.#inner.createWorkspace(options), this.#made));
  }

  /** Disposes what was made with it, and leaves the runtime to its owner. */
  dispose(): Promise<void> {
    return this.#lifetime.end(() => this.#made.dispose());
  }

  #make<T extends { dispose(): Promise<void> }>(make: () => Promise<T>): Promise<T> {
    return this.#lifetime.during(async () => {
      this.#made.check();
      const thing = await make();
      // The end came while it was made, and did not know of it.
      if (this.#lifetime.isOver) await thing.dispose();
      else this.#made.add(thing);
      return thing;
    });
  }
}
