/**
 * Logs of one JSON object per line: `log.jsonl`, which holds no times, so that a run that was killed and resumed
 * writes the same bytes as one that was not, and `timing.jsonl`.
 */
import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { invariant } from "../../errors.ts";
import { parseJson } from "../../files/index.ts";
import { checkOutputPath, readRegularFile, writeError } from "../../files/node/index.ts";
import type { JsonValue } from "./canonical-json.ts";

/** One line. Steps do not decrease from line to line; several lines may share one. */
export interface MetricsRecord {
  readonly step: number;
  /** NaN and the infinities are written as "NaN", "Infinity" and "-Infinity", since JSON has no word for them. */
  readonly [name: string]: JsonValue | undefined;
}

/** What {@link MetricsLog.truncateAfter} found. */
export interface Truncation {
  readonly keptLines: number;
  readonly droppedLines: number;
  /**
   * The number, from 1, of a line that is no record although others follow it: the file was changed. It and
   * everything after it were dropped.
   */
  readonly damagedLine: number | undefined;
}

/** An open log. Each line is in the file, for every reader, when {@link append} returns. */
export class MetricsLog implements Disposable {
  readonly path: string;
  #file: number | undefined;

  private constructor(path: string, file: number) {
    this.path = path;
    this.#file = file;
  }

  /**
   * Opens a log to append to; makes it if there is none.
   *
   * @throws IO.
   */
  static open(path: string): MetricsLog {
    return new MetricsLog(path, openOrExplain(path));
  }

  /**
   * Appends a line. Keys keep the order in which they are given.
   *
   * @throws IO when the disk is full; the log then ends with the line before.
   */
  append(record: MetricsRecord): void {
    const line = Buffer.from(`${JSON.stringify(record, spellOutNonFinite)}\n`);
    const file = this.#open();
    const lengthBefore = fstatSync(file).size;
    try {
      for (let written = 0; written < line.byteLength;) written += writeSync(file, line, written);
    } catch (error) {
      ftruncateSync(file, lengthBefore);
      throw writeError(this.path, error);
    }
  }

  /**
   * Takes the log back to a step: drops the lines after it, and what a killed process left of a line. Everything that
   * is logged at a step must be logged before the checkpoint of that step is written.
   */
  async truncateAfter(step: number): Promise<Truncation> {
    const { keptBytes, ...truncation } = findCut(await readBytes(this.path), step);
    const file = this.#open();
    try {
      ftruncateSync(file, keptBytes);
      fsyncSync(file);
    } catch (error) {
      throw writeError(this.path, error);
    }
    return truncation;
  }

  /** Brings the log to disk, so that even a power cut leaves it whole up to here. */
  sync(): void {
    try {
      fsyncSync(this.#open());
    } catch (error) {
      throw writeError(this.path, error);
    }
  }

  [Symbol.dispose](): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #open(): number {
    invariant(this.#file !== undefined, `${this.path} is used after it was closed`);
    return this.#file;
  }
}

function openOrExplain(path: string): number {
  try {
    // Opening a pipe would wait for a reader.
    checkOutputPath(path);
    return openSync(path, "a");
  } catch (error) {
    throw writeError(path, error);
  }
}

function spellOutNonFinite(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}

function findCut(bytes: Buffer, step: number): Truncation & { readonly keptBytes: number } {
  let keptBytes = 0;
  let keptLines = 0;
  for (const line of linesOf(bytes)) {
    const record = parseRecord(line.text);
    if (!line.isWhole || record === undefined || record.step > step) {
      const droppedLines = countLines(bytes, keptBytes);
      const isDamaged = record === undefined && line.isWhole && droppedLines > 1;
      return { keptBytes, keptLines, droppedLines, damagedLine: isDamaged ? keptLines + 1 : undefined };
    }
    keptBytes = line.end;
    keptLines++;
  }
  return { keptBytes, keptLines, droppedLines: 0, damagedLine: undefined };
}

/** A line a step of a run of years. */
const maxLogBytes = 2 ** 31;

function* linesOf(bytes: Buffer): Generator<{ text: string; end: number; isWhole: boolean }> {
  for (let begin = 0; begin < bytes.byteLength;) {
    const newline = bytes.indexOf(0x0a, begin);
    const end = newline === -1 ? bytes.byteLength : newline + 1;
    yield { text: bytes.toString("utf8", begin, end), end, isWhole: newline !== -1 };
    begin = end;
  }
}

function countLines(bytes: Buffer, from: number): number {
  return [...linesOf(bytes.subarray(from))].length;
}

function parseRecord(text: string): MetricsRecord | undefined {
  try {
    const value: unknown = parseJson(text, { name: "record" });
    const isRecord =
      typeof value === "object" && value !== null && "step" in value && typeof value.step === "number";
    return isRecord ? (value as MetricsRecord) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The records of a log, also of one that is being written; a last line that is not whole is left out.
 *
 * @throws NOT_FOUND, IO.
 */
export async function readMetrics(path: string): Promise<MetricsRecord[]> {
  const bytes = await readBytes(path);
  return [...linesOf(bytes)].flatMap(({ text, isWhole }) => {
    const record = isWhole ? parseRecord(text) : undefined;
    return record === undefined ? [] : [record];
  });
}

async function readBytes(path: string): Promise<Buffer> {
  const bytes = await readRegularFile(path, { expected: "a log", maxBytes: maxLogBytes });
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
