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
  /** Whether it goes by itself, and not a counted number of steps that somebody asked for. */
  #plays = $state(false);
  #pending: Losses[] = [];
  /** Of the newest training: what the worker still says of those before is over. */
  #id = 0;
  #opened: (() => void) | undefined;

  constructor() {
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      this.#take(data);
    };
    this.#worker.onerror = ({ message }) => {
      this.#fail(message);
    };
  }

  get playing(): boolean {
    return this.#plays && this.#step < this.#until;
  }

  /** The middle of the last steps' times. */
  get millisecondsPerStep(): number | undefined {
    return [...this.#times].sort((a, b) => a - b)[this.#times.length >> 1];
  }

  /**
   * Begins anew.
   *
   * @returns whether its first pictures are there: false where another training began meanwhile.
   */
  open(settings: TrainingSettings): Promise<boolean> {
    const id = ++this.#id;
    this.losses = [];
    this.#pending = [];
    this.#times = [];
    this.#step = 0;
    this.#until = 0;
    this.failure = undefined;
    this.#send({ kind: "open", id, settings, own: this.own });
    this.#opened?.();
    return new Promise((resolve) => {
      this.#opened = () => {
        resolve(id === this.#id);
      };
    });
  }

  /** Goes by itself, and rests after so many steps. */
  play(steps = Infinity): void {
    this.#plays = true;
    this.#runTo(this.#step + steps);
  }

  /** So many steps more than it was told to make; where it plays, than it has made. */
  advance(steps: number): void {
    const from = this.playing ? this.#step : Math.max(this.#until, this.#step);
    this.#plays = false;
    this.#runTo(from + steps);
  }

  pause(): void {
    this.#runTo(0);
  }

  /** Encodes and decodes a digit of 28 × 28 pixels. */
  look(pixels: Float32Array): void {
    this.#send({ kind: "look", pixels });
  }

  end(): void {
    this.#id++;
    this.#worker.terminate();
    this.#opened?.();
  }

  #runTo(until: number): void {
    this.#until = until;
    this.#send({ kind: "run", until });
  }

  #send(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #fail(message: string): void {
    this.failure = message;
    this.#until = 0;
    this.#opened?.();
  }

  #take(message: FromWorker): void {
    if (message.id !== this.#id) return;
    switch (message.kind) {
      case "open":
        this.examples = message.examples;
        return;
      case "stepped":
        this.#step = message.losses.step;
        this.#keep(message.losses);
        this.#times = [...this.#times, message.milliseconds].slice(-timed);
        return;
      case "pictures":
        this.pictures = message.pictures;
        this.#opened?.();
        return;
      case "seen":
        this.seen = message.seen;
        return;
      case "failed":
        this.#fail(message.message);
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
