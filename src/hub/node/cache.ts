/**
 * The cache shared with Python's huggingface_hub: `models--org--name/{blobs,refs,snapshots}`, where a snapshot
 * holds links to blobs and `refs/<revision>` holds a commit.
 */
import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { copyFile, mkdir, rename, rm, stat, symlink } from "node:fs/promises";
import { dirname, join, relative } from "node:path";

import { otherKind, readRegularFile, writeFileAtomic } from "../../files/node/index.ts";
import { isCommit } from "../hub-id.ts";
import type { HubSettings } from "./options.ts";

/** The repository's folder in the cache. */
export function repositoryFolder(settings: HubSettings): string {
  return join(settings.cacheDir, `models--${settings.id.replace("/", "--")}`);
}

/** A file's content in the cache, by its hash. */
export function blobPath(settings: HubSettings, name: string): string {
  return join(repositoryFolder(settings), "blobs", name);
}

/** One commit's folder in the cache. */
export function snapshotFolder(settings: HubSettings, commit: string): string {
  return join(repositoryFolder(settings), "snapshots", commit);
}

/** The commit that the revision stood for when it was last fetched, if any. */
export async function readReference(settings: HubSettings): Promise<string | undefined> {
  if (isCommit(settings.revision)) return settings.revision;
  try {
    const path = join(repositoryFolder(settings), "refs", ...settings.revision.split("/"));
    const bytes = await readRegularFile(path, { maxBytes: 1000 });
    const commit = new TextDecoder().decode(bytes).trim();
    return isCommit(commit) ? commit : undefined;
  } catch {
    return undefined;
  }
}

/** Records the commit of the revision; readers see the old one or the new one, never a part. */
export async function writeReference(settings: HubSettings, commit: string): Promise<void> {
  // Also spares a write to a cache that is shared read-only.
  if ((await readReference(settings)) === commit) return;
  const path = join(repositoryFolder(settings), "refs", ...settings.revision.split("/"));
  await mkdir(dirname(path), { recursive: true });
  await writeFileAtomic(path, commit);
}

/** Makes `pointer` lead to `blob`: a relative link as Python's, a copy where links are not allowed. */
export async function linkBlob(blob: string, pointer: string): Promise<void> {
  await mkdir(dirname(pointer), { recursive: true });
  const temporary = `${pointer}.${randomUUID().slice(0, 8)}.tmp`;
  try {
    await symlink(relative(dirname(pointer), blob), temporary);
  } catch {
    await copyFile(blob, temporary, constants.COPYFILE_EXCL);
  }
  await rename(temporary, pointer).catch(async (error: unknown) => {
    await rm(temporary, { force: true });
    throw error;
  });
}

/**
 * What is at a path where a file of the cache belongs, through links: "a device or a pipe"; undefined for a file, and where
 * nothing is.
 */
export async function foreignKindAt(path: string): Promise<string | undefined> {
  const status = await stat(path).catch(() => undefined);
  return status === undefined ? undefined : otherKind(status);
}

/** Whether anything is there that links can reach. */
export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    return false;
  }
}
