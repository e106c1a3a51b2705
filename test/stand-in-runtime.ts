/** A runtime without an engine: it keeps the interface's promises, computes one number, and remembers what it was asked. */
import { throwIfAborted, VaekitError } from "../src/errors.ts";
import type { Graph } from "../src/graph/index.ts";
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
} from "../src/runtime/index.ts";
import { untilAborted } from "../src/runtime/until-aborted.ts";
import { sizeOf } from "../src/tensor/shape.ts";
import { Tensor } from "../src/tensor/tensor.ts";

export interface StandInOptions {
  /** As in `Runtime.name`. @default "onnxruntime-node" */
  readonly name?: string;
  /** Where it says it computes. @default "cpu" */
  readonly device?: ConcreteDevice;
  /** Before a session is made: may take its time, or fail. */
  readonly onCreate?: (graph: Graph) => Promise<void> | void;
  /** Before a graph is run: may take its time, or fail. */
  readonly onRun?: (graph: Graph) => Promise<void> | void;
  /** What every element of a graph's results is. @default 0 */
  readonly value?: (inputs: Readonly<Record<string, Tensor>>) => number;
}

/** A session that was made. */
export interface MadeSession {
  readonly graph: Graph;
  readonly options: SessionOptions;
  isDisposed: boolean;
  runs: number;
}

export class StandInRuntime implements Runtime {
  readonly name: string;
  readonly #device: ConcreteDevice;
  readonly #options: StandInOptions;
  readonly sessions: MadeSession[] = [];
  readonly workspaces: { readonly options: WorkspaceOptions; isDisposed: boolean }[] = [];
  /** What came with each call that computes. */
  readonly signals: (AbortSignal | undefined)[] = [];
  /** What happened, in order. */
  readonly log: string[] = [];
  warmUps = 0;
  /** The most calls that were computed side by side. */
  mostAtOnce = 0;
  isDisposed = false;
  #atOnce = 0;

  constructor(options: StandInOptions = {}) {
    this.name = options.name ?? "onnxruntime-node";
    this.#device = options.device ?? "cpu";
    this.#options = options;
  }

  get device(): ConcreteDevice | undefined {
    return this.sessions.length === 0 ? undefined : this.#device;
  }

  /** Sessions that were made and are not disposed. */
  get alive(): MadeSession[] {
    return this.sessions.filter(({ isDisposed }) => !isDisposed);
  }

  /** Workspaces that were made and are not disposed. */
  get workspacesAlive(): number {
    return this.workspaces.filter(({ isDisposed }) => !isDisposed).length;
  }

  resolve(): Promise<ConcreteDevice> {
    return Promise.resolve(this.#device);
  }

  warmUp(): void {
    this.warmUps++;
  }

  async createSession(graph: Graph, options: SessionOptions = {}): Promise<Session> {
    await this.#options.onCreate?.(graph);
    const made: MadeSession = { graph, options, isDisposed: false, runs: 0 };
    this.sessions.push(made);
    this.log.push(`make ${graph.name}`);
    const session: Session = {
      run: (inputs, { signal }: RunOptions = {}) => {
        this.signals.push(signal);
        return this.#computed(signal, async () => {
          checkInUse(made);
          made.runs++;
          this.log.push(`run ${graph.name}`);
          await this.#options.onRun?.(graph);
          return resultsOf(graph, this.#options.value?.(inputs) ?? 0);
        });
      },
      dispose: () => {
        made.isDisposed = true;
        this.log.push(`dispose ${graph.name}`);
        return Promise.resolve();
      },
    };
    this.#known.set(session, made);
    return session;
  }

  readonly #known = new Map<Session, MadeSession>();

  createState(): Promise<State> {
    return Promise.reject(new Error("a stand-in has no states"));
  }

  createWorkspace(options: WorkspaceOptions): Promise<Workspace> {
    const made = { options, isDisposed: false };
    const index = this.workspaces.push(made) - 1;
    this.log.push("make workspace");
    return Promise.resolve({
      execute: (steps, { signal } = {}) => {
        this.signals.push(signal);
        return this.#computed(signal, async () => {
          checkInUse(made);
          this.log.push(`execute in ${index}`);
          const read: Record<string, Tensor> = {};
          for (const step of steps) {
            throwIfAborted(signal);
            await this.#take(step, read);
          }
          return read;
        });
      },
      dispose: () => {
        made.isDisposed = true;
        this.log.push("dispose workspace");
        return Promise.resolve();
      },
    });
  }

  dispose(): Promise<void> {
    this.isDisposed = true;
    this.log.push("dispose runtime");
    return Promise.resolve();
  }

  async #take(step: WorkspaceStep, read: Record<string, Tensor>): Promise<void> {
    if (step.kind === "read") read[step.name] = Tensor.zeros(step.region.shape);
    if (step.kind !== "run") return;
    const made = this.#known.get(step.session)!;
    checkInUse(made);
    made.runs++;
    await this.#options.onRun?.(made.graph);
  }

  async #computed<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    throwIfAborted(signal);
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.#atOnce);
    // Time for another call to come between.
    const computing = Promise.resolve().then(work);
    try {
      return await untilAborted(computing, signal);
    } finally {
      this.#atOnce--;
    }
  }
}

function checkInUse({ isDisposed }: { readonly isDisposed: boolean }): void {
  if (isDisposed) throw new VaekitError("DISPOSED", "It was disposed.");
}

const resultsOf = ({ outputs }: Graph, value: number): Record<string, Tensor> =>
  Object.fromEntries(
    outputs.map(({ name, shape }) => [name, Tensor.from(new Float32Array(sizeOf(shape)).fill(value), shape)]),
  );
