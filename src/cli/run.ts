/** One command line in this process: from its arguments to an exit code. */
import { reportFailure } from "./failure.ts";
import { createProgram } from "./program.ts";
import { exitCodes } from "./terminal.ts";

/**
 * Runs one command to its end and says on stderr what went wrong.
 *
 * @param args what follows the program's name.
 * @returns the exit code.
 */
export function run(args: readonly string[]): Promise<number> {
  return createProgram(args)
    .then((program) => program.parseAsync(args, { from: "user" }))
    .then(() => exitCodes.done, reportFailure);
}
