/** Whether a file of the cache is what its name says, so that damage does not stay for ever. */
import { readlink, realpath, stat } from "node:fs/promises";
import { basename, join, sep } from "node:path";

import { VaekitError } from "../../errors.ts";
import { openFileSource, readJsonFile, systemCode } from "../../files/node/index.ts";
import { readSafetensorsHeader } from "../../weights/safetensors-header.ts";
import { repositoryFolder } from "./cache.ts";
import { hashName, hashOfFile, isBlobName, plainSha1OfFile } from "./content-hash.ts";
import type { HubSettings } from "./options.ts";

/** A file of the listing: what a cached one must be. */
export interface ExpectedFile {
  readonly sizeBytes: number;
  /** Name of its blob. */
  readonly etag: string;
}

/** Whether the file at `path`, through links, has the listing's size and hash. It is read whole. */
export async function isAsListed(path: string, expected: ExpectedFile): Promise<boolean> {
  const status = await stat(path).catch(() => undefined);
  if (status?.isFile() !== true || status.size !== expected.sizeBytes) return false;
  return (await hashOfFile(path, expected.etag)) === expected.etag;
}

/**
 * Why a cached file cannot be used, as far as the cache alone can tell; undefined if it can. Small files are hashed;
 * weights are, if their header does not fit their size.
 */
export async function damageOf(path: string): Promise<string | undefined> {
  const blobName = await blobNameOf(path);
  const isWeights = path.endsWith(".safetensors");
  if (!isWeights && blobName !== undefined) return wrongHash(path, blobName);
  const misfit = await misfitOf(path, isWeights);
  if (misfit === undefined) return undefined;
  // What its own hash vouches for was published so, and fetching it again would not change it.
  return blobName === undefined ? `${path} is damaged: ${misfit}` : wrongHash(path, blobName);
}

async function misfitOf(path: string, isWeights: boolean): Promise<string | undefined> {
  try {
    if (isWeights) await readSafetensorsHeader(await openFileSource(path));
    else await readJsonFile(path);
    return undefined;
  } catch (error) {
    if (error instanceof VaekitError && error.code === "INVALID_FILE") return error.message;
    throw error;
  }
}

async function wrongHash(path: string, blobName: string): Promise<string | undefined> {
  const found = await hashOfFile(path, blobName);
  if (found === blobName) return undefined;
  if (blobName.length === 40 && (await plainSha1OfFile(path)) === blobName) return undefined;
  return `${await realpath(path)} is damaged: expected ${hashName(blobName)} ${blobName}, found ${found}`;
}

/** The hash that a snapshot's link tells; undefined for a copy, as on Windows. */
async function blobNameOf(path: string): Promise<string | undefined> {
  const target = await readlink(path).catch(() => undefined);
  if (target === undefined) return undefined;
  const name = basename(target);
  return isBlobName(name) ? name : undefined;
}

/**
 * Checks that links do not lead out of the cache, where whoever made them could show us any file. The repository's
 * folder and its blobs may themselves be links to another disk.
 * @throws {VaekitError} `IO` if they do
 */
export async function assertInsideCache(settings: HubSettings, path: string): Promise<void> {
  const repository = repositoryFolder(settings);
  const real = await realpath(path).catch((error: unknown) => {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  });
  if (real === undefined) return;
  for (const root of [settings.cacheDir, repository, join(repository, "blobs")]) {
    const realRoot = await realpath(root).catch(() => undefined);
    if (realRoot !== undefined && (real === realRoot || real.startsWith(realRoot + sep))) return;
  }
  throw new VaekitError(
    "IO",
    `${path}: expected a file of the cache ${settings.cacheDir}, found a link to ${real}, outside of it. ` +
      "Delete the link, and fetch the model again.",
  );
}
