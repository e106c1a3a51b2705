/** The other end of measured processes: a new one for each round, which runs for the first time and once more. */
import { spawn } from "node:child_process";
import { cpus } from "node:os";
import { createInterface } from "node:readline";
import { parseJson } from "./typed.mjs";

/** @typedef {import("./modes.mjs").Mode} Mode */
/** @typedef {import("../../src/core.ts").CodingPlan} CodingPlan */
/** @typedef {{ milliseconds: number, cpuMilliseconds: number, peakBytes: number, plan?: CodingPlan }} Reply */
/** @typedef {{ loadMilliseconds: number } | Reply | { error: string }} Message */
/** @typedef {{ resolve: (message: Message) => void, reject: (error: Error) => void }} Waiting */

/** Milliseconds of all cores together since the machine started. */
function coreTimes() {
  let [all, idle] = [0, 0];
  for (const { times } of cpus()) {
    all += times.user + times.nice + times.sys + times.irq + times.idle;
    idle += times.idle;
  }
  return { all, busy: all - idle };
}

/** One mode's processes, one after the other. */
export class Contender {
  /** @param {{ mode: Mode, command: readonly [string, ...string[]] }} parts */
  constructor({ mode, command }) {
    this.mode = mode;
    this.command = command;
    /** @type {import("node:child_process").ChildProcessByStdio<import("node:stream").Writable, import("node:stream").Readable, import("node:stream").Readable> | undefined} */
    this.child = undefined;
    /** @type {Waiting | undefined} */
    this.waiting = undefined;
    this.lastErrorLine = "";
    this.loadMilliseconds = NaN;
    /** What vaekit chose in its first call. @type {CodingPlan | undefined} */
    this.plan = undefined;
    /** By rounds: the process's first call. @type {number[]} */
    this.firstMilliseconds = [];
    /** By rounds: its later one. @type {number[]} */
    this.milliseconds = [];
    this.peakBytes = 0;
    /** What all cores could have done while this mode ran, and what they did for others. */
    this.coreMilliseconds = 0;
    this.otherMilliseconds = 0;
    /** @type {string | undefined} */
    this.error = undefined;
  }

  /** One round. A mode that failed stays failed. */
  async advance() {
    if (this.error !== undefined) return;
    try {
      await this.#start();
      this.firstMilliseconds.push(await this.#run());
      this.milliseconds.push(await this.#run());
    } catch (error) {
      this.error = error instanceof Error ? error.message : String(error);
    } finally {
      this.end();
    }
  }

  /** Ends the process, if there is one. */
  end() {
    this.child?.kill("SIGKILL");
    this.child = undefined;
  }

  async #run() {
    const before = coreTimes();
    const { milliseconds, cpuMilliseconds, peakBytes, plan } = await this.#ask();
    this.plan ??= plan;
    const after = coreTimes();
    this.coreMilliseconds += after.all - before.all;
    this.otherMilliseconds += Math.max(after.busy - before.busy - cpuMilliseconds, 0);
    this.peakBytes = Math.max(this.peakBytes, peakBytes);
    return milliseconds;
  }

  async #start() {
    const [program, ...programArguments] = this.command;
    const child = spawn(program, programArguments, { stdio: ["pipe", "pipe", "pipe"] });
    this.child = child;
    child.on("error", (error) => this.waiting?.reject(error));
    child.on("exit", (code, signal) => {
      // Ended after its round: the next one may have begun.
      if (this.child !== child) return;
      const ending = signal === null ? `ended with ${code}` : `ended by ${signal} (out of memory?)`;
      this.waiting?.reject(new Error(`the process ${ending}. ${this.lastErrorLine}`.trim()));
    });
    // Writing to a process that has just ended; its exit is reported by itself.
    child.stdin.on("error", () => undefined);
    createInterface({ input: child.stderr }).on("line", (line) => {
      if (line.trim() !== "") this.lastErrorLine = line.trim();
    });
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (line.startsWith("{")) this.waiting?.resolve(parseJson(line));
    });
    const message = await this.#next();
    if ("loadMilliseconds" in message) this.loadMilliseconds = message.loadMilliseconds;
  }

  /** @returns {Promise<Reply>} */
  async #ask() {
    const next = this.#next();
    this.child?.stdin.write("run\n");
    const message = await next;
    if ("milliseconds" in message) return message;
    throw new Error("the process answered out of turn");
  }

  /** @returns {Promise<Message>} */
  async #next() {
    /** @type {Message} */
    const message = await new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
    });
    this.waiting = undefined;
    if ("error" in message) throw new Error(message.error);
    return message;
  }
}
