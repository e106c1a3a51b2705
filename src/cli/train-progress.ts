/** How training goes, on stderr: a live line where a person is watching, a plain one now and then in a log. */
import { SingleBar } from "cli-progress";
import { messageText } from "../node/report/index.ts";

/** Where nobody watches, a line comes this often. */
const plainLineEveryMs = 30_000;

/** The rate of the last minutes says more about the time left than that of the whole run. */
const rateWindowMs = 120_000;

/** How far a run is. */
export interface TrainingState {
  /** The number of steps done, of this run and of those that it resumes. */
  readonly step: number;
  readonly imagesPerSecond?: number;
  /** In the order in which they are to be shown. */
  readonly losses?: Readonly<Record<string, number>>;
}

/** Where progress is shown; a live line if it is a terminal. */
export type ProgressStream = NodeJS.WritableStream & { readonly isTTY?: boolean };

export interface TrainProgressOptions {
  readonly totalSteps: number;
  /** The step that the run goes on from. */
  readonly firstStep?: number;
  /** Default: stderr. */
  readonly stream?: ProgressStream;
  /** Milliseconds between plain lines. */
  readonly everyMs?: number;
}

/** The progress of one training run. */
export class TrainProgress implements Disposable {
  readonly #stream: ProgressStream;
  readonly #totalSteps: number;
  readonly #everyMs: number;
  readonly #marks: { readonly step: number; readonly atMs: number }[];
  #bar: SingleBar | undefined;
  #lastLineMs: number | undefined;

  constructor({ totalSteps, firstStep = 0, stream, everyMs }: TrainProgressOptions) {
    this.#stream = stream ?? process.stderr;
    this.#totalSteps = totalSteps;
    this.#everyMs = everyMs ?? plainLineEveryMs;
    this.#marks = [{ step: firstStep, atMs: performance.now() }];
    if (this.#stream.isTTY === true) this.#bar = this.#startBar(firstStep);
  }

  /** Shows the state after a step. */
  update(state: TrainingState): void {
    const nowMs = performance.now();
    const leftSeconds = this.#secondsLeft(state.step, nowMs);
    if (this.#bar !== undefined) {
      this.#bar.update(state.step, { text: describe(state, leftSeconds) });
    } else if (this.#isLineDue(state.step, nowMs)) {
      this.#lastLineMs = nowMs;
      const { step } = state;
      this.#stream.write(`step ${step}/${this.#totalSteps} | ${describe(state, leftSeconds)}\n`);
    }
  }

  /** Writes a line that stays: "checkpoint written", say. */
  note(text: string): void {
    const line = messageText(text);
    if (this.#bar === undefined) {
      this.#stream.write(`${line}\n`);
      return;
    }
    this.#stream.write(`\r\u001b[K${line}\n`);
    this.#bar.render();
  }

  /** Ends the live line; it stays as it was last. */
  [Symbol.dispose](): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }

  #startBar(firstStep: number): SingleBar {
    const bar = new SingleBar({
      format: "{bar} {value}/{total} | {text}",
      stream: this.#stream,
      hideCursor: null,
      barsize: 20,
      barCompleteChar: "█",
      barIncompleteChar: "░",
      fps: 5,
      // A note has erased the line.
      forceRedraw: true,
    });
    bar.start(this.#totalSteps, firstStep, { text: "first step …" });
    return bar;
  }

  /** The first step and the last one are always worth a line. */
  #isLineDue(step: number, nowMs: number): boolean {
    if (this.#lastLineMs === undefined || step >= this.#totalSteps) return true;
    return nowMs - this.#lastLineMs >= this.#everyMs;
  }

  #secondsLeft(step: number, nowMs: number): number | undefined {
    while (this.#marks.length > 2 && nowMs - this.#marks[1]!.atMs > rateWindowMs) this.#marks.shift();
    const from = this.#marks[0]!;
    this.#marks.push({ step, atMs: nowMs });
    if (step <= from.step) return undefined;
    return (((nowMs - from.atMs) / (step - from.step)) * (this.#totalSteps - step)) / 1000;
  }
}

/** `12.3 images/s | loss 0.1234, kl 2.5e+3 | 1 h 04 min left` */
function describe({ imagesPerSecond, losses = {} }: TrainingState, leftSeconds: number | undefined): string {
  const terms = Object.entries(losses).map(([name, value]) => `${name} ${formatLoss(value)}`);
  return [
    ...(imagesPerSecond === undefined ? [] : [`${imagesPerSecond.toPrecision(3)} images/s`]),
    ...(terms.length === 0 ? [] : [terms.join(", ")]),
    ...(leftSeconds === undefined ? [] : [`${formatDuration(leftSeconds)} left`]),
  ].join(" | ");
}

function formatLoss(value: number): string {
  return Math.abs(value) >= 1e4 ? value.toExponential(2) : value.toPrecision(4);
}

/** `45 s`, `3 min 05 s`, `2 h 07 min`. */
export function formatDuration(seconds: number): string {
  const whole = Math.round(seconds);
  const padded = (value: number): string => String(value).padStart(2, "0");
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${padded(whole % 60)} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${padded(minutes % 60)} min`;
}
