/** One trainer for each run directory: a lock file that says who holds it, and that nobody holds once they are dead. */
import { randomBytes } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { constants, copyFile, link, rename, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { VaekitError } from "../../errors.ts";
import { parseJson } from "../../files/index.ts";
import { checkOutputPath, readTextFile, systemCode, writeError } from "../../files/node/index.ts";

/** A number, a host and two tokens. */
const maxLockBytes = 2 ** 16;

/** Who holds a lock. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  /** Tells a process from a later one with the same number: on Linux, its start since boot, and which boot. */
  readonly started: string;
  /** Tells two locks of one process apart. */
  readonly token: string;
}

/** The tokens of the locks that this process holds, or is about to take. */
const ownTokens = new Set<string>();

/** A lock file that this process holds. */
export class RunLock implements Disposable {
  readonly path: string;
  readonly #token: string;
  readonly #releaseAtExit = (): void => {
    this[Symbol.dispose]();
  };

  private constructor(path: string, token: string) {
    this.path = path;
    this.#token = token;
    process.on("exit", this.#releaseAtExit);
  }

  /**
   * Takes the lock. That of a process that is dead is taken over.
   *
   * @throws IO when another process holds it, or the file may not be written.
   */
  static async acquire(path: string): Promise<RunLock> {
    checkOutputPath(path);
    const holder = self();
    ownTokens.add(holder.token);
    // Written first and then put in place: nobody ever sees a lock file without its content.
    const draft = `${path}.${holder.token}.draft`;
    try {
      await writeFile(draft, JSON.stringify(holder), { flag: "wx" });
      while (!((await linked(draft, path)) || (await tookOver(draft, path))));
      return new RunLock(path, holder.token);
    } catch (error) {
      ownTokens.delete(holder.token);
      throw systemCode(error) === undefined ? error : writeError(path, error);
    } finally {
      await rm(draft, { force: true });
    }
  }

  /** Gives the lock back. */
  [Symbol.dispose](): void {
    process.off("exit", this.#releaseAtExit);
    if (!ownTokens.delete(this.#token)) return;
    // A person may have removed the file, and another process may hold a new one.
    if (readHolder(this.path)?.token === this.#token) rmSync(this.path, { force: true });
  }
}

function self(): Holder {
  return {
    pid: process.pid,
    host: hostname(),
    started: startOf(process.pid) ?? "",
    token: randomBytes(8).toString("hex"),
  };
}

/** Puts a file's content under another name, unless that is taken; whole in either case. */
async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to).catch((error: unknown) => {
      // Some network and memory-card file systems know no links.
      if (!["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"].includes(systemCode(error) ?? "")) throw error;
      return copyFile(from, to, constants.COPYFILE_EXCL);
    });
    return true;
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false;
    throw error;
  }
}

/** Whether a name is that of a lock file, or of what a process killed at the wrong moment left of one. */
export function isLockFile(name: string, lockName: string): boolean {
  return name === lockName || (name.startsWith(`${lockName}.`) && /\.(draft|takeover)$/.test(name));
}

/**
 * Puts the draft in the place of a dead process' lock file.
 *
 * Several processes may find the same lock dead. Only the one that also holds the file `.takeover` may replace it, and
 * it looks again first; the lock file itself is never missing meanwhile, so nobody can take it the common way.
 *
 * @returns false when it is worth another try.
 * @throws IO when the holder is alive.
 */
async function tookOver(draft: string, path: string): Promise<boolean> {
  if (!(await isDead(path))) return false;
  const takeover = `${path}.takeover`;
  if (!(await linked(draft, takeover))) {
    // Its holder needs a moment, or was killed in that moment.
    const text = await textOf(takeover);
    const other = text === undefined ? undefined : parseHolder(text);
    if (other !== undefined && isAlive(other)) await new Promise((resolve) => setTimeout(resolve, 10));
    else if (text !== undefined) await rm(takeover, { force: true });
    return false;
  }
  try {
    if (!(await isDead(path))) return false;
    await rename(draft, path);
    return true;
  } finally {
    await rm(takeover, { force: true });
  }
}

/** Whether there is a lock file of a dead process; throws if its holder is alive. */
async function isDead(path: string): Promise<boolean> {
  const text = await textOf(path);
  if (text === undefined) return false;
  const holder = parseHolder(text);
  if (holder !== undefined && isAlive(holder)) throw heldBy(path, holder);
  return true;
}

async function textOf(path: string): Promise<string | undefined> {
  return readTextFile(path, { expected: "a run's lock", maxBytes: maxLockBytes }).catch((error: unknown) => {
    if (error instanceof VaekitError && error.code === "NOT_FOUND") return undefined;
    throw error;
  });
}

function heldBy(path: string, { pid, host }: Holder): VaekitError {
  const isHere = host === hostname();
  const who = `process ${pid}${isHere ? "" : ` on ${host}`}`;
  const otherwise = isHere ? "" : ` If that process has ended, remove ${path}.`;
  return new VaekitError(
    "IO",
    `${path}: this run is being trained by ${who}; wait for it or stop it first.${otherwise}`,
  );
}

function isAlive(holder: Holder): boolean {
  if (holder.host !== hostname()) return true;
  if (holder.pid === process.pid) return ownTokens.has(holder.token);
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // EPERM: it lives, and belongs to another user.
    if (systemCode(error) === "ESRCH") return false;
  }
  const started = startOf(holder.pid);
  return started === undefined || started === holder.started;
}

/** When a process was started, in a form that only equals itself; undefined where the system does not say. */
function startOf(pid: number): string | undefined {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const status = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in parentheses may hold spaces; the start is field 22, which is the 20th after it.
    const fields = status.slice(status.lastIndexOf(")") + 2).split(" ");
    // A zombie has ended; only its parent has not noticed.
    return fields[0] === "Z" ? "ended" : `${boot} ${fields[19] ?? ""}`;
  } catch {
    return undefined;
  }
}

function readHolder(path: string): Holder | undefined {
  try {
    return parseHolder(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

function parseHolder(text: string): Holder | undefined {
  try {
    const value = parseJson(text, { name: "lock" }) as Partial<Holder> | null;
    return typeof value?.pid === "number" && typeof value.host === "string" ? (value as Holder) : undefined;
  } catch {
    return undefined;
  }
}
