/** How a command ends badly: exit codes, and one or two lines on stderr instead of a stack trace. */
import { CommanderError } from "commander";
import { inspect } from "node:util";
import { VaekitError } from "../node/index.ts";
import { messageText } from "../node/report/index.ts";
import { withFlags } from "./flags.ts";
import { exitCodes, writeError, writeErrorLine } from "./terminal.ts";

/** A command line that cannot be meant: exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";

  constructor(message: string) {
    super(messageText(message));
  }
}

/**
 * Tells the user what went wrong.
 *
 * @returns the exit code.
 */
export function reportFailure(error: unknown): number {
  if (error instanceof CommanderError) {
    // Commander has written its message already; help and version come this way too, with 0.
    return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  }
  if (error instanceof VaekitError || error instanceof UsageError) {
    // Both have only line feeds of our own.
    writeError(`vaekit: ${withFlags(error.message)}\n`);
  } else {
    writeErrorLine(messageText(error instanceof Error ? error.message : String(error)));
    writeError("This is not a known error; set VAEKIT_DEBUG=1 for the stack.\n");
  }
  if (process.env.VAEKIT_DEBUG === "1" && error instanceof Error) writeError(`${inspect(error)}\n`);
  return error instanceof UsageError ? exitCodes.usage : exitCodes.failed;
}

/**
 * Runs `work`, whose arguments come from the command line.
 *
 * @throws UsageError in the place of INVALID_ARGUMENT: what was asked for cannot be meant.
 */
export async function usage<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof VaekitError) || error.code !== "INVALID_ARGUMENT") throw error;
    throw new UsageError(error.message);
  }
}

/** A line on stderr that warns of nothing. */
export function note(message: string): void {
  writeErrorLine(messageText(withFlags(message)));
}

/** A note on stderr that stops nothing; the library's options become flags. */
export function warn(message: string): void {
  writeErrorLine(`warning: ${messageText(withFlags(message))}`);
}
