/** Ctrl-C during training: the first asks the loop to finish its step and save, the second ends the program. */

const signals = ["SIGINT", "SIGTERM"] as const;

/**
 * `npx` and `npm run` pass on a Ctrl-C that the terminal has sent to the program too, so that one press arrives
 * twice.
 */
const echoMs = 300;

/**
 * Listens for SIGINT and SIGTERM in place of whoever did before, until it is disposed.
 *
 * ```ts
 * using interrupt = new InterruptGuard();
 * while (step < steps && !interrupt.signal.aborted) …
 * ```
 */
export class InterruptGuard implements Disposable {
  readonly #controller = new AbortController();
  readonly #former = new Map<NodeJS.Signals, readonly NodeJS.SignalsListener[]>();
  readonly #onInterrupt: ((signal: NodeJS.Signals) => void) | undefined;
  readonly #listener = (signal: NodeJS.Signals): void => {
    this.#handle(signal);
  };
  #firstAtMs: number | undefined;

  /** @param onInterrupt called at the first signal, to tell the user what happens now. */
  constructor(onInterrupt?: (signal: NodeJS.Signals) => void) {
    this.#onInterrupt = onInterrupt;
    for (const signal of signals) {
      this.#former.set(signal, process.rawListeners(signal) as NodeJS.SignalsListener[]);
      process.removeAllListeners(signal);
      process.on(signal, this.#listener);
    }
  }

  /** Fires at the first signal; its reason is the signal's name. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Whether the loop should end after the step that it is in. */
  get isInterrupted(): boolean {
    return this.signal.aborted;
  }

  /** Gives the signals back to those who listened before. */
  [Symbol.dispose](): void {
    for (const [signal, listeners] of this.#former) {
      process.off(signal, this.#listener);
      for (const listener of listeners) process.on(signal, listener);
    }
    this.#former.clear();
  }

  #handle(signal: NodeJS.Signals): void {
    const nowMs = performance.now();
    if (this.#firstAtMs === undefined) {
      this.#firstAtMs = nowMs;
      this.#controller.abort(signal);
      this.#onInterrupt?.(signal);
    } else if (nowMs - this.#firstAtMs > echoMs) {
      // Whoever listened before cleans up and ends the program; if nobody did, the signal itself does.
      this[Symbol.dispose]();
      process.kill(process.pid, signal);
    }
  }
}
