/** One computation at a time; of those that answer the same question, only the newest counts. */

interface Job {
  readonly lane: object;
  readonly isIdle: boolean;
  readonly work: () => Promise<unknown>;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
  stale: boolean;
}

export class Queue {
  readonly #waiting: Job[] = [];
  #running: Job | undefined;
  readonly #onBusy: (busy: boolean) => void;
  readonly #onDone: (milliseconds: number, isIdle: boolean) => void;

  constructor(on: { busy: (busy: boolean) => void; done: (milliseconds: number, isIdle: boolean) => void }) {
    this.#onBusy = on.busy;
    this.#onDone = on.done;
  }

  /**
   * Runs `work` when its turn comes.
   *
   * @param lane whose question it answers: a newer request of the lane replaces this one.
   * @param isIdle whether everything else that waits comes first.
   * @returns undefined where a newer request or `cancel` came first.
   */
  latest<T>(lane: object, work: () => Promise<T>, isIdle = false): Promise<T | undefined> {
    this.cancel(lane);
    return new Promise<T | undefined>((resolve, reject) => {
      const job = { lane, isIdle, work, resolve: resolve as Job["resolve"], reject, stale: false };
      this.#waiting.push(job);
      void this.#next();
    });
  }

  /** Whatever the lane waits for is answered with undefined. */
  cancel(lane: object): void {
    if (this.#running?.lane === lane) this.#running.stale = true;
    for (const job of this.#waiting.filter((each) => each.lane === lane)) {
      this.#waiting.splice(this.#waiting.indexOf(job), 1);
      job.resolve(undefined);
    }
  }

  #take(): Job | undefined {
    const asked = this.#waiting.findIndex(({ isIdle }) => !isIdle);
    return this.#waiting.splice(Math.max(asked, 0), 1)[0];
  }

  async #next(): Promise<void> {
    if (this.#running !== undefined) return;
    const job = this.#take();
    if (job === undefined) return;
    this.#running = job;
    this.#onBusy(true);
    await painted();
    const startMs = performance.now();
    try {
      const result = await job.work();
      this.#onDone(performance.now() - startMs, job.isIdle);
      job.resolve(job.stale ? undefined : result);
    } catch (error) {
      if (job.stale) job.resolve(undefined);
      else job.reject(error);
    }
    this.#running = undefined;
    if (this.#waiting.length === 0) this.#onBusy(false);
    void this.#next();
  }
}

/** Lets the page show what it has before the next computation. */
const painted = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));
