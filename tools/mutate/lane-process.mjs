/** A lane as its owner sees it: asks for a run, waits, ends what hangs together with all its processes, and starts anew. */
import { fork } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { clearTimeout, setTimeout } from "node:timers";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("lane.mjs", import.meta.url));

/** @typedef {{ failed?: string, milliseconds?: number, timedOut?: boolean }} Answer */

/** What a lane leaves behind when it is ended goes with the workspace. @param {string} workspace */
function temporaryFolderOf(workspace) {
  const folder = join(workspace, ".tmp");
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** The groups of processes that are not ended yet. @type {Set<number>} */
const groups = new Set();

/** @param {number} pid of a group's first process */
function endGroup(pid) {
  groups.delete(pid);
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has already ended.
  }
}

// Groups of their own outlive their owner, however it ends.
process.on("exit", () => {
  groups.forEach(endGroup);
});

export class Lane {
  /**
   * @param {string} workspace
   * @param {readonly string[]} setupFiles run before each test file, after the project's own
   */
  constructor(workspace, setupFiles = []) {
    this.workspace = workspace;
    this.setupFiles = setupFiles;
    /** @type {Promise<import("node:child_process").ChildProcess> | undefined} */
    this.child = undefined;
  }

  /**
   * @param {readonly string[]} files
   * @param {Record<string, string>} env
   * @param {number} limitMs
   * @returns {Promise<Answer>}
   */
  async run(files, env, limitMs) {
    this.child ??= this.#start();
    const child = await this.child;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.end();
        resolve({ timedOut: true });
      }, limitMs);
      child.once("message", (/** @type {Answer & { error?: string }} */ answer) => {
        clearTimeout(timer);
        if (answer.error === undefined) resolve(answer);
        else reject(new Error(answer.error));
      });
      child.send({ files, env });
    });
  }

  /** Ends the lane's process and those that it has started. */
  end() {
    const ending = this.child;
    this.child = undefined;
    void ending?.then((child) => {
      child.removeAllListeners("message");
      if (child.pid !== undefined) endGroup(child.pid);
    });
  }

  #start() {
    const child = fork(program, [this.workspace, ...this.setupFiles], {
      cwd: this.workspace,
      // A group of its own, so that its workers end with it.
      detached: true,
      stdio: ["ignore", "ignore", "ignore", "ipc"],
      env: { ...process.env, TMPDIR: temporaryFolderOf(this.workspace) },
    });
    if (child.pid !== undefined) groups.add(child.pid);
    return new Promise((resolve) => {
      child.once("message", () => {
        resolve(child);
      });
    });
  }
}
