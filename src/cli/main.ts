#!/usr/bin/env node
/** The program `vaekit`: runs one command and turns its end into an exit code. */
import { exitCodes, reportFailure } from "./failure.ts";
import { createProgram } from "./program.ts";
import { handleSignals } from "./signals.ts";

handleSignals();
process.on("uncaughtException", (error) => {
  process.exit(reportFailure(error));
});
// `vaekit inspect | head` closes our output early; that is no failure of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  process.exit(error.code === "EPIPE" ? exitCodes.done : exitCodes.failed);
});

const exitCode = await createProgram()
  .parseAsync()
  .then(() => exitCodes.done, reportFailure);

// A worker may still be busy after a failure, so the program does not wait for it; only for its own output.
process.stdout.write("", () => {
  process.exit(exitCode);
});
