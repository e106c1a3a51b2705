/** Folders that appear whole or not at all, and that outlive a power cut once they have appeared. */
import { randomBytes } from "node:crypto";
import { mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { VaekitError } from "../../errors.ts";
import { systemCode, writeError } from "./file-errors.ts";
import { checkOutputFolderPath } from "./output-path.ts";

/** The end of the name of a complete folder that a new one is about to replace. */
const replacedEnding = ".replaced";

/** Where a folder is written, or removed, out of sight: atomic-write.ts names its files alike. */
function partialPath(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(4).toString("hex")}.partial`);
}

function isPartial(name: string): boolean {
  return /\.[0-9a-f]{8}\.partial$/.test(name);
}

function isReplaced(name: string): boolean {
  return name.endsWith(replacedEnding);
}

/** Makes a folder's list of names durable: after it, a power cut cannot take a rename back. */
export async function syncFolder(path: string): Promise<void> {
  // Windows cannot open a folder, and makes renames durable by itself.
  if (process.platform === "win32") return;
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/**
 * Makes a folder, and those above it, unless they are there.
 *
 * @returns the topmost folder that was made; undefined when all were there.
 * @throws IO when that may not be, or a file is in the way.
 */
export async function makeFolder(path: string): Promise<string | undefined> {
  checkOutputFolderPath(path);
  return mkdir(path, { recursive: true }).catch((error: unknown) => {
    if (!["EEXIST", "ENOTDIR"].includes(systemCode(error) ?? "")) throw writeError(path, error);
    throw new VaekitError("IO", `${path}: expected folders on the way to it, found a file.`, {
      cause: error,
    });
  });
}

/**
 * Writes a folder beside its place, then puts it there in one step. An older folder at `path` is replaced, and is
 * put back at the next start ({@link removeLeftovers}) if the process dies in between.
 *
 * @param fill writes the files into the folder that it is given; each must be on disk (fsync) when it returns.
 * @throws IO, and whatever `fill` throws; nothing is left behind then, and an older folder stays.
 */
export async function writeFolderAtomic(
  path: string,
  fill: (folder: string) => Promise<void>,
): Promise<void> {
  const parent = dirname(path);
  const partial = partialPath(path);
  try {
    checkOutputFolderPath(path);
    await makeFolder(parent);
    await mkdir(partial);
    await fill(partial);
    await syncFolder(partial);
    checkOutputFolderPath(path);
    await putInPlace(partial, path);
    await syncFolder(parent);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    // Only the file system's refusals are ours to explain; the errors of `fill` pass as they are.
    throw systemCode(error) === undefined ? error : writeError(path, error);
  }
}

async function putInPlace(partial: string, path: string): Promise<void> {
  const replaced = `${path}${replacedEnding}`;
  const hadOlder = await rename(path, replaced).then(
    () => true,
    (error: unknown) => {
      if (systemCode(error) === "ENOENT") return false;
      throw error;
    },
  );
  try {
    await rename(partial, path);
  } catch (error) {
    if (hadOlder) await rename(replaced, path);
    throw error;
  }
  if (hadOlder) await rm(replaced, { recursive: true, force: true });
}

/** Removes a folder: at once for whoever lists its parent, even if the process dies midway. */
export async function removeFolderAtomic(path: string): Promise<void> {
  const partial = partialPath(path);
  try {
    await rename(path, partial);
    await rm(partial, { recursive: true, force: true });
  } catch (error) {
    throw writeError(path, error);
  }
}

/**
 * Cleans a folder up after a process that was killed: half-written files and folders go, and a folder that had been
 * moved aside for a successor that never came returns to its place. Only for folders that no other process writes to.
 */
export async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await namesIn(folder)) {
    const path = join(folder, name);
    if (isPartial(name)) await rm(path, { recursive: true, force: true });
    if (isReplaced(name)) await putBackOrRemove(path);
  }
}

async function putBackOrRemove(replaced: string): Promise<void> {
  const path = replaced.slice(0, -replacedEnding.length);
  const names = await namesIn(dirname(path));
  if (names.includes(basename(path))) await rm(replaced, { recursive: true, force: true });
  else await rename(replaced, path);
}

/** Whether a name is that of something incomplete. */
export function isLeftover(name: string): boolean {
  return isPartial(name) || isReplaced(name);
}

/** The names in a folder; none if it does not exist. */
export async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: unknown) => {
    if (systemCode(error) === "ENOENT") return [];
    throw error;
  });
}
