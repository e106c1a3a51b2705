/**
 * Curves and pictures for TensorBoard.
 *
 * Every start of a run writes a file of its own. A resumed one begins by saying from which step on: TensorBoard then
 * drops the points that the killed process had written after its last checkpoint.
 */
import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { invariant } from "../../errors.ts";
import { checkOutputPath, writeError, namesIn } from "../../files/node/index.ts";
import { eventMessage, frameRecord, type EventContent, type SummaryValue } from "./event-messages.ts";

/** TensorBoard reads the files of a folder in the order of their names, so the number of the start comes first. */
const filePattern = /^events\.out\.tfevents\.(\d{10})\./;

/** Whether a file's name is that of an event file of ours. */
export const isEventFile = (name: string): boolean => filePattern.test(name);

export interface EventFileWriterOptions {
  /**
   * The step that the run goes on from: points after it are of a former attempt; -1 if all are. Undefined for a
   * fresh run.
   */
  readonly resumedStep?: number;
}

/** An open event file. Every event is in the file when its method returns. */
export class EventFileWriter implements Disposable {
  readonly path: string;
  #file: number | undefined;

  private constructor(path: string, file: number) {
    this.path = path;
    this.#file = file;
  }

  /**
   * Starts a new event file in a folder.
   *
   * @throws IO.
   */
  static async open(folder: string, options: EventFileWriterOptions = {}): Promise<EventFileWriter> {
    const { resumedStep } = options;
    const numbers = (await namesIn(folder)).flatMap((name) => filePattern.exec(name)?.[1] ?? []).map(Number);
    const start = String(Math.max(0, ...numbers) + 1).padStart(10, "0");
    const path = join(
      folder,
      `events.out.tfevents.${start}.step-${String(Math.max(resumedStep ?? 0, 0)).padStart(6, "0")}`,
    );
    const writer = new EventFileWriter(path, create(path));
    try {
      writer.#begin(resumedStep);
    } catch (error) {
      writer[Symbol.dispose]();
      throw error;
    }
    return writer;
  }

  #begin(resumedStep: number | undefined): void {
    this.#write(0, { fileVersion: "brain.Event:2" });
    // TensorBoard drops the points at this step and after it; those of the checkpoint's own step are to stay. It takes
    // the first such event that it sees for the beginning, not for a restart, so a fresh run has one too.
    this.#write(resumedStep === undefined ? 0 : resumedStep + 1, { sessionStart: true });
  }

  /** Adds one point to each curve: `{ "loss/total": 0.5 }`. Values are rounded to float32. */
  scalars(step: number, values: Readonly<Record<string, number>>): void {
    const summary = Object.entries(values).map(([tag, scalar]): SummaryValue => ({ tag, scalar }));
    if (summary.length > 0) this.#write(step, { summary });
  }

  /**
   * Adds a picture.
   *
   * @param png the bytes of a PNG file.
   * @throws INVALID_ARGUMENT when they are something else.
   */
  image(step: number, tag: string, png: Uint8Array): void {
    this.#write(step, { summary: [{ tag, png }] });
  }

  [Symbol.dispose](): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #write(step: number, content: EventContent): void {
    const record = frameRecord(eventMessage(Date.now() / 1000, step, content));
    invariant(this.#file !== undefined, `${this.path} is used after it was closed`);
    try {
      for (let written = 0; written < record.byteLength;) {
        written += writeSync(this.#file, record, written);
      }
    } catch (error) {
      throw writeError(this.path, error);
    }
  }
}

function create(path: string): number {
  try {
    checkOutputPath(path);
    return openSync(path, "a");
  } catch (error) {
    throw writeError(path, error);
  }
}
