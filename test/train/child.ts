/** Programs of a few lines in a Node process of their own, for what only a process can show: limits, locks, kills. */
import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { endOf, type Outcome } from "../child-end.ts";

/** The built run directory; `npm test` builds it first. */
const built = new URL("../../build/modules/training/run-folder/index.js", import.meta.url);
const builtInterrupt = new URL("../../build/modules/cli/interrupt.js", import.meta.url);
const builtTensor = new URL("../../build/modules/tensor/tensor.js", import.meta.url);

/** A program that runs. */
export interface Child {
  readonly process: ChildProcess;
  /** Resolves once the program has printed `text`, and rejects if it ends without. */
  printed(text: string): Promise<void>;
  readonly ended: Promise<Outcome>;
}

/**
 * Starts a program with every export of the run directory, `InterruptGuard`, `Tensor` and what changes Node's `fs` in scope, and `folder` as given.
 *
 * @param before a shell command to run first, in the shell that becomes the program.
 */
export function startChild(code: string, folder: string, before = ":"): Child {
  const program = `
    import fs from "node:fs/promises";
    import { syncBuiltinESMExports } from "node:module";
    import * as node from ${JSON.stringify(built.href)};
    import { InterruptGuard } from ${JSON.stringify(builtInterrupt.href)};
    import { Tensor } from ${JSON.stringify(builtTensor.href)};
    const folder = ${JSON.stringify(folder)};
    ${code}`;
  const command = [process.execPath, "--input-type=module", "-e", program];
  const child = spawn("bash", ["-c", `${before}; exec "$@"`, "bash", ...command], {
    cwd: fileURLToPath(new URL("../..", import.meta.url)),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  const waiting = new Set<() => void>();
  child.stdout.on("data", (chunk: Buffer) => {
    stdout += chunk.toString();
    for (const look of waiting) look();
  });
  const ended = endOf(child);
  const printed = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (stdout.includes(text)) resolve();
      };
      waiting.add(look);
      look();
      void ended.then((outcome) => {
        reject(new Error(`the program ended before it printed ${text}: ${JSON.stringify(outcome)}`));
      });
    });
  return { process: child, printed, ended };
}
