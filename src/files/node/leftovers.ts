/** The temporary files of writes, and those that processes which were killed have left of theirs. */
import { createHash } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
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

/** What such a name has more, at most: `.`, ten digits, `.`, eight digits and `.partial`. */
export const maxPartialBytes = 28;

/** What looks like one: the name of the file that was to be written, the process, and the realm. */
const partialName = /^(.+)\.(\d{1,10})\.([0-9a-f]{4})[0-9a-f]{4}\.partial$/s;

/** Folder → such names in it, when this process first wrote there: listing a folder of 100,000 files takes a while. */
const seen = new Map<string, readonly string[]>();

/** Of folders that are remembered; a process that writes to more looks again. */
const maxFolders = 1000;

/**
 * Removes what killed processes have left of writes to `path`: what was there when this process first wrote into the
 * folder. What cannot be removed is in nobody's way.
 */
export async function removeAbandoned(path: string): Promise<void> {
  const folder = resolve(dirname(path));
  for (const name of await partialsIn(folder)) {
    const [, target, pid, itsRealm] = partialName.exec(name)!;
    if (target !== basename(path) || Number(pid) === process.pid) continue;
    const left = join(folder, name);
    const isGone = itsRealm === ownRealm() && !isAlive(Number(pid));
    if (isGone || (await isOld(left))) await rm(left, { force: true }).catch(() => undefined);
  }
}

async function partialsIn(folder: string): Promise<readonly string[]> {
  const known = seen.get(folder);
  if (known !== undefined) return known;
  const names = await readdir(folder).catch(() => undefined);
  // It may be made later.
  if (names === undefined) return [];
  const found = names.filter((name) => partialName.test(name));
  if (seen.size >= maxFolders) seen.clear();
  seen.set(folder, found);
  return found;
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
