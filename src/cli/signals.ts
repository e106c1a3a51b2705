/** Ctrl-C and every other early end: no half-written file stays, and the shell learns which signal it was. */
import { writeError } from "./terminal.ts";
import { removePartialFiles } from "../node/index.ts";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Cleans up on a signal and then dies of it. `process.exit` would wait for the worker's native run, which
 * may take minutes; the default action does not.
 */
export function handleSignals(): void {
  process.on("exit", removePartialFiles);
  for (const signal of signals) {
    process.on(signal, () => {
      removePartialFiles();
      if (process.stderr.isTTY) writeError("\n");
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    });
  }
}
