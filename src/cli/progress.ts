/** A progress bar on stderr, where a person is watching and the work takes longer than a moment. */
import { SingleBar } from "cli-progress";
import { oneLine, shorten } from "../node/report/index.ts";
import { writeErrorLine } from "./terminal.ts";

/** Work that ends sooner shows no bar. */
const patienceMs = 700;
const tickMs = 200;

/** One bar for one command: how many steps are done, and what is going on. */
export class Progress implements Disposable {
  readonly #startedMs = performance.now();
  #bar: SingleBar | undefined;
  #timer: NodeJS.Timeout | undefined;
  #done = 0;
  #total: number;
  #task = "";

  /** @param total the number of steps; may change later. */
  constructor(total: number) {
    this.#total = total;
    // The seconds go on by themselves: the runtime works in another thread and reports nothing midway.
    if (process.stderr.isTTY) {
      this.#timer = setInterval(() => {
        this.#draw();
      }, tickMs).unref();
    }
  }

  /** Says what is going on now. */
  task(text: string): void {
    this.#task = shorten(oneLine(text));
  }

  /** Goes on by some steps, or fractions of them. */
  advance(steps = 1): void {
    this.#done += steps;
  }

  /** Shows another measure: bytes of a download, say. */
  set(done: number, total: number): void {
    this.#done = done;
    this.#total = total;
  }

  /** Writes a line that stays. */
  note(text: string): void {
    this.#bar?.stop();
    this.#bar = undefined;
    writeErrorLine(text);
  }

  /** Removes the bar. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#bar?.stop();
    this.#bar = undefined;
  }

  #draw(): void {
    const elapsedMs = performance.now() - this.#startedMs;
    if (elapsedMs < patienceMs) return;
    const payload = { task: this.#task, seconds: Math.round(elapsedMs / 1000) };
    if (this.#bar === undefined) {
      this.#bar = new SingleBar({
        format: "{bar} {percentage}% | {seconds} s | {task}",
        stream: process.stderr,
        clearOnComplete: true,
        hideCursor: null,
        barsize: 24,
        barCompleteChar: "█",
        barIncompleteChar: "░",
      });
      this.#bar.start(this.#total, this.#done, payload);
    }
    this.#bar.setTotal(this.#total);
    this.#bar.update(this.#done, payload);
  }
}
