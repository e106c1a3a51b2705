/** Runs the one command of this process and turns its end into an exit code. */
import { reportFailure } from "./failure.ts";
import { run } from "./run.ts";
import { handleSignals } from "./signals.ts";
import { flushOutput, handleOutputErrors } from "./terminal.ts";

handleSignals();
handleOutputErrors();
process.on("uncaughtException", (error) => {
  process.exit(reportFailure(error));
});

const exitCode = await run(process.argv.slice(2));

// A worker may still be busy after a failure, so the program does not wait for it; only for its own output.
flushOutput(() => {
  process.exit(exitCode);
});
