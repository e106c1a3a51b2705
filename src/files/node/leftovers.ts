/** The temporary files of writes, and those that processes which were killed have left of theirs. */
import { createHash } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { systemCode } from "./file-errors.ts";

/** A write touches its file all the time; one that nobody has touched for so long is of no living process. */
const certainlyDeadMs = 24 * 3600 * 1000;

/** The writes that this process has begun. */
let begun = 0;

/** Tells numbers of processes that mean the same process from those of another machine, boot or container. */
let realm: string | undefined;

/** A new name beside `path`: `NAME.PID.XXXXYYYY.partial`, of the realm and of the write. */
export function partialPathFor(path: string): string {
  begun = (begun + 1) % 0x10000;
  return `${path}.${process.pid}.${ownRealm()}${begun.toString(16).padStart(4, "0")}.partial`;
}

/** Removes what killed processes have left of writes to `path`. What cannot be removed is in nobody's way. */
export async function removeAbandoned(path: string): Promise<void> {
  const folder = dirname(path);
  const prefix = `${basename(path)}.`;
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    if (!name.startsWith(prefix)) continue;
    const [, pid, itsRealm] =
      /^(\d{1,10})\.([0-9a-f]{4})[0-9a-f]{4}\.partial$/.exec(name.slice(prefix.length)) ?? [];
    if (pid === undefined || Number(pid) === process.pid) continue;
    const left = join(folder, name);
    const isGone = itsRealm === ownRealm() && !isAlive(Number(pid));
    if (isGone || (await isOld(left))) await rm(left, { force: true }).catch(() => undefined);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, and belongs to another user.
    return systemCode(error) !== "ESRCH";
  }
}

async function isOld(path: string): Promise<boolean> {
  const status = await stat(path).catch(() => undefined);
  return status !== undefined && Date.now() - status.mtimeMs > certainlyDeadMs;
}

function ownRealm(): string {
  realm ??= createHash("sha256")
    .update(hostname())
    .update(textOf(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8")))
    .update(textOf(() => readlinkSync("/proc/self/ns/pid")))
    .digest("hex")
    .slice(0, 4);
  return realm;
}

/** Empty where the system does not say. */
function textOf(read: () => string): string {
  try {
    return read();
  } catch {
    return "";
  }
}
