/** The training that runs in its worker, as the page sees it. */
import type { FromWorker, Losses, OwnDigits, Pictures, Seen, ToWorker } from "./messages.ts";
import type { TrainingSettings } from "./recipe.ts";

/** Of the last steps, how many count for the time that one takes. */
const timed = 20;

export class Training {
  losses = $state.raw<readonly Losses[]>([]);
  pictures = $state.raw<Pictures>();
  seen = $state.raw<Seen>();
  /** How many digits it learns from; undefined until the worker is ready. */
  examples = $state<number>();
  failure = $state<string>();
  /** Of the digits that the visitor has brought. */
  own = $state.raw<OwnDigits>();
  readonly #worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  #times: readonly number[] = $state.raw([]);
  /** The last step that the worker has made; the losses follow when the page is drawn. */
  #step = $state(0);
  /** The step up to which it goes. */
  #until = $state(0);
  #pending: Losses[] = [];
  #opened: (() => void)[] = [];

  constructor() {
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      this.#take(data);
    };
    this.#worker.onerror = ({ message }) => {
      this.failure = message;
      this.#release();
    };
  }

  get running(): boolean {
    return this.#step < this.#until;
  }

  /** The middle of the last steps' times. */
  get millisecondsPerStep(): number | undefined {
    return [...this.#times].sort((a, b) => a - b)[this.#times.length >> 1];
  }

  /** Begins anew; resolves when the first pictures can be drawn. */
  open(settings: TrainingSettings): Promise<void> {
    this.#until = 0;
    this.#send({ kind: "open", settings, own: this.own });
    return new Promise((resolve) => {
      this.#opened.push(resolve);
    });
  }

  /** @param steps how many more than it was told to make; without it, until it is paused. */
  run(steps = Infinity): void {
    this.#until = Math.max(this.#until, this.#step) + steps;
    this.#send({ kind: "run", until: this.#until });
  }

  pause(): void {
    this.#until = 0;
    this.#send({ kind: "pause" });
  }

  /** Encodes and decodes a digit of 28 × 28 pixels. */
  look(pixels: Float32Array): void {
    this.#send({ kind: "look", pixels });
  }

  end(): void {
    this.#worker.terminate();
    this.#release();
  }

  #send(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #release(): void {
    for (const resolve of this.#opened.splice(0)) resolve();
  }

  #take(message: FromWorker): void {
    switch (message.kind) {
      case "open":
        this.examples = message.examples;
        this.losses = [];
        this.#pending = [];
        this.#times = [];
        this.#step = 0;
        this.failure = undefined;
        return;
      case "stepped":
        this.#step = message.losses.step;
        this.#keep(message.losses);
        this.#times = [...this.#times, message.milliseconds].slice(-timed);
        return;
      case "pictures":
        this.pictures = message.pictures;
        this.#release();
        return;
      case "seen":
        this.seen = message.seen;
        return;
      case "failed":
        this.failure = message.message;
        this.#until = 0;
        this.#release();
    }
  }

  /** Steps come faster than the page is drawn. */
  #keep(losses: Losses): void {
    this.#pending.push(losses);
    if (this.#pending.length > 1) return;
    requestAnimationFrame(() => {
      this.losses = [...this.losses, ...this.#pending];
      this.#pending = [];
    });
  }
}
