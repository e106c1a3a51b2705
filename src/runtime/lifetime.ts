/** The time in which a thing can be used: until it is disposed, which also ends the calls that are under way. */
import { VaekitError } from "../errors.ts";

export class Lifetime {
  readonly #subject: string;
  /** How to end each call that is under way. */
  readonly #calls = new Set<(error: VaekitError) => void>();
  #ending: Promise<void> | undefined;

  /** @param subject what is disposed, for messages: "models/sd: the model". */
  constructor(subject: string) {
    this.#subject = subject;
  }

  get isOver(): boolean {
    return this.#ending !== undefined;
  }

  /** @throws DISPOSED after the end. */
  check(): void {
    if (this.isOver) throw this.#error();
  }

  /** Runs `work`; rejects with DISPOSED after the end, and as soon as the end comes while it runs. */
  during<T>(work: () => Promise<T>): Promise<T> {
    if (this.isOver) return Promise.reject(this.#error());
    return new Promise((resolve, reject) => {
      this.#calls.add(reject);
      const isDone = (): void => void this.#calls.delete(reject);
      // What it throws at once is a rejection, too.
      const running = (async () => work())();
      running.then(resolve, reject).finally(isDone).catch(reject);
    });
  }

  /** Ends it. Called again, it waits for the same end. @param free gives back what it owns. */
  end(free: () => Promise<void>): Promise<void> {
    if (this.#ending !== undefined) return this.#ending;
    // First of all, so that whoever is told of the end finds that it has come.
    let settle: { resolve: () => void; reject: (error: unknown) => void } | undefined;
    this.#ending = new Promise<void>((resolve, reject) => (settle = { resolve, reject }));
    for (const endCall of this.#calls) endCall(this.#error());
    this.#calls.clear();
    free().then(settle!.resolve, settle!.reject);
    return this.#ending;
  }

  #error(): VaekitError {
    return new VaekitError("DISPOSED", `${this.#subject} was disposed.`);
  }
}
