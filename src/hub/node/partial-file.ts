/**
 * The part of a file that has come so far. While a process writes, its part has a name of its own, so two processes
 * never write to one file; afterwards it is parked for the next call. Python's `.incomplete` files are left alone,
 * since a running Python may be writing to them.
 */
import { createHash, randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { lstat, open, rename, rm, type FileHandle } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";

import { namesIn, systemCode } from "../../files/node/index.ts";

const ending = ".vaekit-incomplete";

/** Tells machines apart that share a cache. */
const machine = createHash("sha256").update(hostname()).digest("hex").slice(0, 8);

/** A part that this call alone writes to. */
export interface PartialFile {
  readonly path: string;
  readonly parked: string;
}

/**
 * Takes over what an earlier call left of `blob`, or chooses the name of a new part.
 * @param idleTimeoutMs a writer of another machine that has not written for four times as long is dead
 */
export async function claimPartial(blob: string, idleTimeoutMs: number): Promise<PartialFile> {
  const parked = `${blob}${ending}`;
  const path = `${blob}.${machine}-${process.pid}-${randomUUID().slice(0, 8)}${ending}`;
  for (const earlier of [parked, ...(await abandonedParts(blob, idleTimeoutMs))]) {
    // Another process may be faster.
    const isMine = await rename(earlier, path).then(
      () => true,
      () => false,
    );
    if (isMine) break;
  }
  return { path, parked };
}

/** How many bytes of `blob` an earlier call left: what is not to be fetched again. */
export async function keptBytes(blob: string, idleTimeoutMs: number): Promise<number> {
  const parts = [`${blob}${ending}`, ...(await abandonedParts(blob, idleTimeoutMs))];
  for (const path of parts) {
    const status = await lstat(path).catch(() => undefined);
    if (status?.isFile() === true) return status.size;
  }
  return 0;
}

/** Keeps the part for the next call. */
export async function parkPartial({ path, parked }: PartialFile): Promise<void> {
  await rename(path, parked).catch(() => undefined);
}

/** Removes every part of `blob` that nobody writes to. */
export async function removeParts(blob: string, idleTimeoutMs: number): Promise<void> {
  const parts = [`${blob}${ending}`, ...(await abandonedParts(blob, idleTimeoutMs))];
  for (const path of parts) await rm(path, { force: true }).catch(() => undefined);
}

/** What killed processes left behind. */
async function abandonedParts(blob: string, idleTimeoutMs: number): Promise<string[]> {
  const oldestLiveMs = Date.now() - 4 * Math.max(idleTimeoutMs, 30_000);
  const found: string[] = [];
  // Why a folder cannot be listed is said by who writes into it.
  for (const name of await namesIn(dirname(blob)).catch((): string[] => [])) {
    if (!name.startsWith(`${basename(blob)}.`) || !name.endsWith(ending)) continue;
    const path = join(dirname(blob), name);
    const status = await lstat(path).catch(() => undefined);
    if (status !== undefined && (status.mtimeMs < oldestLiveMs || isOfDeadProcess(name))) found.push(path);
  }
  return found;
}

function isOfDeadProcess(name: string): boolean {
  const [, madeOn, pid] = /\.([0-9a-f]{8})-(\d+)-[0-9a-f]{8}\.vaekit-incomplete$/.exec(name) ?? [];
  if (madeOn !== machine) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return systemCode(error) === "ESRCH";
  }
}

/** An open part and how many bytes of it can be kept. */
export interface OpenPartial {
  readonly handle: FileHandle;
  readonly sizeBytes: number;
}

/** Windows has no such flag, and needs a privilege for links. */
const neverThroughLinks = (constants.O_NOFOLLOW as number | undefined) ?? 0;

/**
 * Opens a part to go on after its last byte, or creates an empty one. A link or anything else under its name is
 * removed, not written through, and so is a part that is too long.
 */
export async function openPartial({ path }: PartialFile, fullBytes: number): Promise<OpenPartial> {
  const known = await openUsable(path, fullBytes);
  if (known !== undefined) return known;
  await rm(path, { recursive: true, force: true });
  const { O_RDWR, O_CREAT, O_EXCL } = constants;
  return { handle: await open(path, O_RDWR | O_CREAT | O_EXCL | neverThroughLinks), sizeBytes: 0 };
}

async function openUsable(path: string, fullBytes: number): Promise<OpenPartial | undefined> {
  // Opening a device may already do something.
  if ((await lstat(path).catch(() => undefined))?.isFile() !== true) return undefined;
  const handle = await open(path, constants.O_RDWR | neverThroughLinks).catch(() => undefined);
  if (handle === undefined) return undefined;
  const status = await handle.stat();
  // A second name would let the bytes appear elsewhere.
  if (status.isFile() && status.nlink === 1 && status.size < fullBytes)
    return { handle, sizeBytes: status.size };
  await handle.close();
  return undefined;
}
