/** Runs a program of strips on a runtime. */
import type { Graph } from "../graph/index.ts";
import {
  Lifetime,
  type ConcreteDevice,
  type Region,
  type Runtime,
  type Session,
  type Workspace,
} from "../runtime/index.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { allocate, type Allocation } from "./allocate.ts";
import type { StripProgram, TensorId } from "./program.ts";
import { StripRun } from "./strip-run.ts";

export interface ExecuteOptions {
  /** Where the temporary file goes, if the program has one. */
  readonly temporaryFolder?: string;
  readonly signal?: AbortSignal;
  /** Called with the number of operations that are done. */
  readonly onProgress?: (done: number) => void;
}

/** Memory of at most 512 MB stays for the next picture: to fault it in again takes a tenth of the time. */
const mostKeptElements = 2 ** 27;

/**
 * A program with its sessions, which stay ready for the next picture of the same size. One picture at a time.
 */
export class StripExecutor {
  readonly #runtime: Runtime;
  readonly #program: StripProgram;
  readonly #allocation: Allocation;
  readonly #device: ConcreteDevice | undefined;
  readonly #sessions = new Map<number, Promise<Session>>();
  #workspace: Promise<Workspace> | undefined;
  readonly #lifetime = new Lifetime("The strips' program");

  /** @param device the only one to run on, if the program was planned for one. */
  constructor(
    runtime: Runtime,
    program: StripProgram,
    allocation = allocate(program),
    device?: ConcreteDevice,
  ) {
    this.#runtime = runtime;
    this.#program = program;
    this.#allocation = allocation;
    this.#device = device;
  }

  /** @param x the program's input, [1, C, H, W]. */
  run(x: Tensor<"float32">, options: ExecuteOptions = {}): Promise<Tensor<"float32">> {
    return this.#lifetime.during(() => this.#run(x, options));
  }

  async #run(x: Tensor<"float32">, options: ExecuteOptions): Promise<Tensor<"float32">> {
    // Not waited for: the first sessions are made meanwhile.
    const workspace = this.#workspace ?? this.#createWorkspace(options);
    workspace.catch(() => undefined);
    this.#workspace = undefined;
    let isKept = false;
    try {
      const result = await new StripRun(this, workspace, x, options).finish();
      isKept = this.#allocation.fileSize === 0 && this.#allocation.size <= mostKeptElements;
      isKept &&= !this.#lifetime.isOver;
      if (isKept) this.#workspace = workspace;
      return result;
    } finally {
      if (!isKept) await disposeOf(workspace);
    }
  }

  #createWorkspace({ temporaryFolder }: ExecuteOptions): Promise<Workspace> {
    const { size, fileSize } = this.#allocation;
    const folder = temporaryFolder === undefined ? {} : { folder: temporaryFolder };
    return this.#runtime.createWorkspace({ size, fileSize, ...folder });
  }

  get program(): StripProgram {
    return this.#program;
  }

  region(tensor: TensorId): Region {
    return { offset: this.#allocation.offsets[tensor]!, shape: this.#program.shapes[tensor]! };
  }

  position(place: number): number {
    return this.#allocation.placeOffsets[place]!;
  }

  session(graph: number): Promise<Session> {
    this.#lifetime.check();
    const known = this.#sessions.get(graph);
    if (known !== undefined) return known;
    const session = this.#createSession(this.#program.graphs[graph]!);
    this.#sessions.set(graph, session);
    // A failure is not remembered: the next picture tries again.
    session.catch(() => {
      if (this.#sessions.get(graph) === session) this.#sessions.delete(graph);
    });
    return session;
  }

  /** The session of a graph of weights, which is used once: the caller disposes it. */
  weightsSession(graph: number): Promise<Session> {
    return this.#createSession(this.#program.weights[graph]!);
  }

  #createSession(graph: Graph): Promise<Session> {
    const device = this.#device === undefined ? {} : { device: this.#device };
    return this.#runtime.createSession(graph, { inWorkspace: true, ...device });
  }

  /** Disposes the sessions. A run under way ends with DISPOSED. */
  dispose(): Promise<void> {
    return this.#lifetime.end(async () => {
      const sessions = [...this.#sessions.values()];
      this.#sessions.clear();
      if (this.#workspace !== undefined) await disposeOf(this.#workspace);
      this.#workspace = undefined;
      await Promise.allSettled(sessions.map(async (session) => (await session).dispose()));
    });
  }
}

/** A workspace that could not be made is heard of by whoever uses it. */
async function disposeOf(workspace: Promise<Workspace>): Promise<void> {
  const made = await workspace.catch(() => undefined);
  await made?.dispose();
}
