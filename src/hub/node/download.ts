/** Puts files into the cache, where a file appears once its size and hash are those of the listing. */
import { mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";

import { messageOf, VaekitError } from "../../errors.ts";
import { systemCode } from "../../files/node/index.ts";
import { blobPath, exists, foreignKindAt, linkBlob, snapshotFolder } from "./cache.ts";
import { assertInsideCache, isAsListed } from "./cached-file.ts";
import type { HubSettings } from "./options.ts";
import { claimPartial, parkPartial, removeParts } from "./partial-file.ts";
import { CorruptError, fill, type HubFile } from "./transfer.ts";

/** Where the file lies in the snapshot of its commit. */
export function pointerOf(settings: HubSettings, commit: string, file: HubFile): string {
  return join(snapshotFolder(settings, commit), ...file.path.split("/"));
}

/**
 * Puts one file into the cache unless it is there as the hub lists it; a partial download of an earlier call is
 * continued, and a damaged file replaced.
 */
export async function download(settings: HubSettings, commit: string, file: HubFile): Promise<void> {
  const pointer = pointerOf(settings, commit, file);
  const blob = blobPath(settings, file.etag);
  try {
    await mkdir(dirname(blob), { recursive: true });
    await mkdir(dirname(pointer), { recursive: true });
    for (const path of [blob, pointer]) await assertNothingForeign(path);
    for (const path of [dirname(blob), dirname(pointer), blob, pointer])
      await assertInsideCache(settings, path);
    if (await isAsListed(pointer, file)) return;
    // Asked first: what another caller puts there meanwhile is not damaged.
    const wasThere = await exists(blob);
    if (!(await isAsListed(blob, file))) {
      if (wasThere) settings.onWarning?.(`${blob} is damaged: fetching ${file.path} again.`);
      await downloadBlob(settings, commit, file, blob);
    }
    await linkBlob(blob, pointer);
    await removeParts(blob, settings.idleTimeoutMs);
  } catch (error) {
    if (error instanceof VaekitError) throw error;
    throw unwritable(settings, error);
  }
}

/** @throws IO for a pipe, a device, a socket or a folder in a file's place: it is neither opened nor replaced. */
async function assertNothingForeign(path: string): Promise<void> {
  const found = await foreignKindAt(path);
  if (found === undefined) return;
  throw new VaekitError("IO", `${path}: expected a file of the cache, found ${found}. Remove it.`);
}

function unwritable(settings: HubSettings, error: unknown): VaekitError {
  const isFull = ["ENOSPC", "EDQUOT"].includes(systemCode(error) ?? "");
  const reason = isFull
    ? "the disk is full, or your share of it; the part that came is kept. Free some space and try again"
    : `${messageOf(error)}. Check its permissions`;
  return new VaekitError(
    "IO",
    `${settings.cacheDir}: cannot write the cache: ${reason}, or set HF_HUB_CACHE to another folder.`,
    { cause: error },
  );
}

async function downloadBlob(
  settings: HubSettings,
  commit: string,
  file: HubFile,
  blob: string,
): Promise<void> {
  const partial = await claimPartial(blob, settings.idleTimeoutMs);
  try {
    await fill(settings, commit, file, partial).catch(async (error: unknown) => {
      if (!(error instanceof CorruptError && error.wasContinued)) throw error;
      // The bytes of an earlier call may be the wrong ones.
      await rm(partial.path, { force: true });
      await fill(settings, commit, file, partial);
    });
    // What another process has put there meanwhile may be in use.
    if (await isAsListed(blob, file)) await rm(partial.path, { force: true });
    else await rename(partial.path, blob);
  } catch (error) {
    if (error instanceof CorruptError) await rm(partial.path, { force: true });
    else await parkPartial(partial);
    throw error;
  }
}
