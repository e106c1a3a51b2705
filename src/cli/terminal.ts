/** The one way to stdout and stderr: nothing that a file says steers the terminal, and a lost output is a failure. */
import { oneLine, printable } from "../node/report/index.ts";

/** The program's exit codes. */
export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  /** 128 + SIGPIPE: what a shell sees of a program whose reader has gone, as with `| head`. */
  readerGone: 141,
} as const;

/** Writes to stdout. Line feeds stay; names that are no more than a part of a line have lost theirs before. */
export function writeOut(text: string): void {
  try {
    process.stdout.write(printable(text));
  } catch (error) {
    // Files and devices are written to at once, and throw at once.
    endOutput(error);
  }
}

/** Writes to stderr. Where that is full or closed there is nobody to tell, and the work goes on. */
export function writeError(text: string): void {
  try {
    process.stderr.write(printable(text));
  } catch {
    // As above.
  }
}

/** Writes a line to stderr that begins with the program's name. */
export function writeErrorLine(text: string): void {
  writeError(`vaekit: ${oneLine(text.trimEnd())}\n`);
}

/** From now on a stdout that fails ends the program, and a stderr that fails does not. */
export function handleOutputErrors(): void {
  process.stdout.on("error", (error) => {
    endOutput(error);
  });
  process.stderr.on("error", () => undefined);
}

/** Waits until everything is out. */
export function flushOutput(then: () => void): void {
  try {
    process.stdout.write("", (error) => {
      if (error === null || error === undefined) then();
      else endOutput(error);
    });
  } catch (error) {
    endOutput(error);
  }
}

function endOutput(error: unknown): never {
  const { code = "", message } = error as NodeJS.ErrnoException;
  if (code === "EPIPE") process.exit(exitCodes.readerGone);
  const isFull = code === "ENOSPC" || code === "EDQUOT";
  const reason = isFull ? "the disk is full, or your share of it" : message;
  writeErrorLine(`the results could not be printed: ${reason}.`);
  process.exit(exitCodes.failed);
}
