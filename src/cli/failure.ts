/** How a command ends badly: exit codes, and one or two lines on stderr instead of a stack trace. */
import { CommanderError } from "commander";
import { messageOf, VaekitError } from "../errors.ts";

/** The program's exit codes. */
export const exitCodes = { done: 0, failed: 1, usage: 2 } as const;

/** A command line that cannot be meant: exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
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
  writeError(
    error instanceof VaekitError || error instanceof UsageError
      ? optionNames(error.message)
      : unexpected(error),
  );
  if (process.env.VAEKIT_DEBUG === "1" && error instanceof Error) console.error(error);
  return error instanceof UsageError ? exitCodes.usage : exitCodes.failed;
}

/** A note on stderr that stops nothing. */
export function warn(message: string): void {
  writeError(`warning: ${message}`);
}

/** The library's message names its own option; here it has another name. */
function optionNames(message: string): string {
  return message.replace(/^maxMemoryBytes:/, "--memory:").replace(/^temporary folder:/, "--temp-dir:");
}

function unexpected(error: unknown): string {
  return `${messageOf(error)}\nThis is not a known error; set VAEKIT_DEBUG=1 for the stack.`;
}

function writeError(message: string): void {
  process.stderr.write(`vaekit: ${message.trimEnd()}\n`);
}
