/** Sends steps to a workspace in batches, the next batch while one is computed. */
import { throwIfAborted } from "../errors.ts";
import type { Region, Session, Workspace, WorkspaceStep } from "../runtime/index.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** Steps that go together: enough that their message costs nothing beside them. */
const batchSize = 8;
/** Batches under way: the workspace never waits for the next one, and an abort is heard after two. */
const mostBatches = 2;

type Use = (tensor: Tensor) => void;

export class StepQueue {
  readonly #workspace: Promise<Workspace>;
  readonly #signal: AbortSignal | undefined;
  #steps: WorkspaceStep[] = [];
  #reads = new Map<string, Use>();
  #sessions: Session[] = [];
  readonly #underWay: Promise<void>[] = [];
  #batchesUnderWay = 0;

  constructor(workspace: Promise<Workspace>, signal: AbortSignal | undefined) {
    this.#workspace = workspace;
    this.#signal = signal;
  }

  /** Adds a step, which goes at once if nothing is under way; waits when too many are. */
  async push(step: WorkspaceStep): Promise<void> {
    this.#steps.push(step);
    if (this.#batchesUnderWay === 0 || this.#steps.length >= batchSize) await this.flush();
  }

  /** Gives a copy of a region to `use`, as it is after the steps before. */
  async read(region: Region, use: Use): Promise<void> {
    const name = `read ${this.#reads.size}`;
    this.#reads.set(name, use);
    await this.push({ kind: "read", region, name });
  }

  /** Disposes a session when the steps so far are done. */
  async release(session: Session): Promise<void> {
    this.#sessions.push(session);
    await this.flush();
  }

  /** Waits until every step is done. */
  async drain(): Promise<void> {
    await this.flush();
    while (this.#underWay.length > 0) await this.#underWay.shift();
  }

  /** Sends the steps so far; waits when too many are under way. */
  async flush(): Promise<void> {
    const [steps, reads, sessions] = [this.#steps, this.#reads, this.#sessions];
    this.#steps = [];
    this.#reads = new Map();
    this.#sessions = [];
    if (steps.length === 0 && sessions.length === 0) return;
    throwIfAborted(this.#signal);
    const batch = this.#execute(steps, reads, sessions);
    // Its failure is heard where it is waited for; a failure before that must not end the program.
    batch.catch(() => undefined);
    this.#underWay.push(batch);
    while (this.#underWay.length >= mostBatches) await this.#underWay.shift();
  }

  async #execute(
    steps: readonly WorkspaceStep[],
    reads: ReadonlyMap<string, Use>,
    sessions: readonly Session[],
  ): Promise<void> {
    const signal = this.#signal;
    this.#batchesUnderWay++;
    try {
      const workspace = await this.#workspace;
      const read = await workspace.execute(steps, signal === undefined ? {} : { signal });
      for (const [name, use] of reads) use(read[name]!);
    } finally {
      this.#batchesUnderWay--;
      await Promise.allSettled(sessions.map((session) => session.dispose()));
    }
  }
}
