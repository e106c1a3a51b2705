/**
 * Fetches one file into the cache. Own code, since the library's download writes to the console, takes a cut
 * body for a whole one, and starts over after a break; here size and hash are checked before a file counts.
 */
import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

import { messageOf, VaekitError } from "../errors.ts";
import { exists, linkBlob, repositoryFolder, snapshotFolder } from "./cache.ts";
import { request } from "./hub-client.ts";
import { HubUnreachableError } from "./hub-errors.ts";
import type { HubSettings } from "./options.ts";

/** A file in the hub's listing. */
export interface HubFile {
  readonly path: string;
  readonly sizeBytes: number;
  /** Name of its blob: the SHA-256 of a large file, else git's hash. */
  readonly etag: string;
}

/** Puts one file into the cache unless it is there; a partial download of an earlier call is continued. */
export async function download(settings: HubSettings, commit: string, file: HubFile): Promise<void> {
  const pointer = join(snapshotFolder(settings, commit), ...file.path.split("/"));
  if (await exists(pointer)) return;
  const blob = join(repositoryFolder(settings), "blobs", file.etag);
  try {
    await mkdir(dirname(blob), { recursive: true });
    if (!(await exists(blob))) await downloadBlob(settings, commit, file, blob);
    await linkBlob(blob, pointer);
  } catch (error) {
    if (error instanceof VaekitError) throw error;
    const remedy = "Check the disk's space and the permissions, or set HF_HUB_CACHE.";
    throw new VaekitError(
      "IO",
      `${settings.cacheDir}: cannot write the cache: ${messageOf(error)}. ${remedy}`,
      {
        cause: error,
      },
    );
  }
}

async function downloadBlob(
  settings: HubSettings,
  commit: string,
  file: HubFile,
  blob: string,
): Promise<void> {
  // While a call writes, the file has a name of its own: two processes never write to one file.
  // Python's `.incomplete` is left alone, since a running Python may be writing to it.
  const parked = `${blob}.vaekit-incomplete`;
  const partial = `${blob}.${randomUUID().slice(0, 8)}.vaekit-incomplete`;
  const earlier = (await abandonedPartial(blob, settings.idleTimeoutMs)) ?? parked;
  await rename(earlier, partial).catch(() => undefined);
  try {
    await fill(settings, commit, file, partial);
    await rename(partial, blob);
  } catch (error) {
    if (error instanceof CorruptError) await rm(partial, { force: true });
    else await rename(partial, parked).catch(() => undefined);
    throw error;
  }
}

/** What a killed process left: nobody can be writing to it, since a live writer gives up after its idle time. */
async function abandonedPartial(blob: string, idleTimeoutMs: number): Promise<string | undefined> {
  const oldestLiveMs = Date.now() - 4 * Math.max(idleTimeoutMs, 30_000);
  for (const name of await readdir(dirname(blob))) {
    if (!name.startsWith(`${basename(blob)}.`) || !name.endsWith(".vaekit-incomplete")) continue;
    const path = join(dirname(blob), name);
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && found.mtimeMs < oldestLiveMs) return path;
  }
  return undefined;
}

/** The bytes are wrong, so continuing after them is useless. */
class CorruptError extends VaekitError {}

async function fill(settings: HubSettings, commit: string, file: HubFile, partial: string): Promise<void> {
  const path = file.path.split("/").map(encodeURIComponent).join("/");
  const url = `${settings.endpoint}/${settings.id}/resolve/${commit}/${path}`;
  let loadedBytes = await usableBytes(partial, file);
  const report = (): void => {
    settings.onProgress?.({ file: file.path, loadedBytes, totalBytes: file.sizeBytes });
  };
  const isResumed = loadedBytes > 0;
  // Compression would hide the size and break ranges.
  const headers = { "Accept-Encoding": "identity", ...(isResumed ? { Range: `bytes=${loadedBytes}-` } : {}) };
  const { response, chunks } = await request(settings, url, headers);
  const isContinued = isResumed && response.status === 206 && startOf(response) === loadedBytes;
  if (!isContinued) loadedBytes = 0;
  const hash = createHash("sha256");
  if (isContinued) for await (const chunk of createReadStream(partial)) hash.update(chunk as Uint8Array);
  const handle = await open(partial, isContinued ? "a" : "w");
  try {
    report();
    for await (const chunk of chunks) {
      loadedBytes += chunk.byteLength;
      if (loadedBytes > file.sizeBytes) break;
      await handle.writeFile(chunk);
      hash.update(chunk);
      report();
    }
  } finally {
    await handle.close();
  }
  verify(settings, file, loadedBytes, hash.digest("hex"));
}

async function usableBytes(partial: string, file: HubFile): Promise<number> {
  try {
    const { size } = await stat(partial);
    return size < file.sizeBytes ? size : 0;
  } catch {
    return 0;
  }
}

function startOf(response: Response): number | undefined {
  const match = /^bytes (\d+)-/.exec(response.headers.get("Content-Range") ?? "");
  return match === null ? undefined : Number(match[1]);
}

function verify(settings: HubSettings, file: HubFile, loadedBytes: number, sha256: string): void {
  const where = `${settings.id}: ${file.path} from ${settings.endpoint}`;
  if (loadedBytes < file.sizeBytes) {
    throw new HubUnreachableError(
      "HUB",
      `${where}: expected ${file.sizeBytes} bytes, the connection ended after ${loadedBytes}. Try again to continue.`,
    );
  }
  if (loadedBytes > file.sizeBytes) {
    throw new CorruptError("HUB", `${where}: expected ${file.sizeBytes} bytes, found more. Try again.`);
  }
  if (file.etag.length === 64 && file.etag !== sha256) {
    throw new CorruptError("HUB", `${where}: expected SHA-256 ${file.etag}, found ${sha256}. Try again.`);
  }
}
