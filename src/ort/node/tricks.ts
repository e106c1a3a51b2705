/** What this machine's ONNX Runtime can do, asked once in a process, and only for what is needed. */
import { basename, dirname } from "node:path";
import { realpathSync } from "node:fs";
import { messageOf, VaekitError } from "../../errors.ts";
import { openFileSource, packageFile } from "../../files/node/index.ts";
import type { Attempter } from "../attempt.ts";
import { blockSizeOn, reasonAgainst } from "../probes.ts";
import type { FileHead } from "../samples.ts";
import type { SwitchedOff } from "../switches.ts";
import { processorOnly, trickNames, tricks, type TrickDescription, type TrickName } from "../tricks.ts";
import { Shared } from "./shared.ts";

/** What was found out, of a library. */
export class Findings {
  readonly blockSize = new Shared<number | undefined>();
  readonly worksTogether = new Shared<ReadonlySet<TrickName>>();
  readonly reasons = Object.fromEntries(
    trickNames.map((name) => [name, new Shared<string | undefined>()]),
  ) as Record<TrickName, Shared<string | undefined>>;
}

/** Of the process: the threads of all runtimes have the same library. */
const findingsOfProcess = new Findings();

export class Tricks {
  readonly #off: SwitchedOff;
  readonly #attempt: Attempter;
  readonly #findings: Findings;

  /** @param attempt runs tiny models in the runtime's thread */
  constructor(off: SwitchedOff, attempt: Attempter, findings = findingsOfProcess) {
    this.#off = off;
    this.#attempt = attempt;
    this.#findings = findings;
  }

  /** Tries what is not switched off, while the caller does something else. */
  async prepare(): Promise<void> {
    await this.#together();
  }

  async isOn(name: TrickName): Promise<boolean> {
    return !this.#off.has(name) && (await this.#reasonAgainst(name)) === undefined;
  }

  /** Channels of a block; undefined where there are none, or the layout is not used. */
  async blockSize(): Promise<number | undefined> {
    return (await this.isOn("blocked-layout")) ? this.#askBlockSize() : undefined;
  }

  /** All of them, those that are not known yet probed now. */
  describe(isProcessor: boolean): Promise<TrickDescription[]> {
    return Promise.all(
      trickNames.map(async (name): Promise<TrickDescription> => {
        const what = tricks[name];
        const off = this.#off.get(name);
        if (off !== undefined) return { name, what, state: "switched off", reason: `by ${off}` };
        const reason =
          !isProcessor && processorOnly.has(name)
            ? "only the processor has it"
            : await this.#reasonAgainst(name);
        return reason === undefined
          ? { name, what, state: "on" }
          : { name, what, state: "not available", reason };
      }),
    );
  }

  /** Why it cannot be used. What fails in a probe is no failure of the caller's, unless the runtime was disposed meanwhile. */
  async #reasonAgainst(name: TrickName): Promise<string | undefined> {
    if (name === "grouped-gradients" && !(await this.isOn("blocked-layout")))
      return "the blocked layout is not used";
    return this.#findings.reasons[name].get(this, async () => {
      if ((await this.#together()).has(name)) return undefined;
      if (name === "blocked-layout" && (await this.#askBlockSize()) === undefined) return noBlocks;
      return this.#try([name]);
    });
  }

  /** In one small model, because a program waits for it; only where that fails is each one tried by itself. */
  #together(): Promise<ReadonlySet<TrickName>> {
    return this.#findings.worksTogether.get(this, async () => {
      const names = trickNames.filter((name) => !this.#off.has(name) && name !== "grouped-gradients");
      if ((await this.#try(names)) !== undefined) return new Set();
      const hasBlocks = names.includes("blocked-layout") && (await this.#askBlockSize()) !== undefined;
      return new Set(names.filter((name) => name !== "blocked-layout" || hasBlocks));
    });
  }

  async #try(names: readonly TrickName[]): Promise<string | undefined> {
    try {
      // First, so that the block size is never asked for without somebody who hears that it failed.
      const head = await fileHead();
      const isInBlocks = names.includes("blocked-layout") || names.includes("grouped-gradients");
      const blockSize = isInBlocks ? this.#askBlockSize() : Promise.resolve(undefined);
      return await reasonAgainst(names, this.#attempt, blockSize, head);
    } catch (error) {
      if (error instanceof VaekitError && error.code === "DISPOSED") throw error;
      return messageOf(error);
    }
  }

  #askBlockSize(): Promise<number | undefined> {
    const ask = (): Promise<number | undefined> => blockSizeOn(process.arch, this.#attempt);
    return this.#findings.blockSize.get(this, ask).catch((error: unknown) => {
      if (error instanceof VaekitError && error.code === "DISPOSED") throw error;
      return undefined;
    });
  }
}

const noBlocks = "this processor has no blocks that are known";

/** Of the file from which the runtime's thread starts: it is there. */
async function fileHead(): Promise<FileHead> {
  const path = realpathSync(packageFile("runtime/node/worker.js"));
  const source = await openFileSource(path);
  return { folder: dirname(path), name: basename(path), bytes: await source.read(0, 16) };
}
