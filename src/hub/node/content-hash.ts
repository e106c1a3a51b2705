/** The hashes that name blobs: git's for small files, SHA-256 for large ones. */
import { createHash, type Hash } from "node:crypto";
import { open } from "node:fs/promises";

/** Whether `text` can name a blob. */
export function isBlobName(text: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text);
}

/** A hash to feed with the content of a file of `sizeBytes` whose blob is called `blobName`. */
export function hashFor(blobName: string, sizeBytes: number): Hash {
  return blobName.length === 64 ? createHash("sha256") : createHash("sha1").update(`blob ${sizeBytes}\0`);
}

/** What messages call the hash in a blob's name. */
export function hashName(blobName: string): string {
  return blobName.length === 64 ? "SHA-256" : "git hash";
}

/** The name that the blob of a file's content ought to have: by the kind of hash in `blobName`. */
export function hashOfFile(path: string, blobName: string): Promise<string> {
  return feed(path, (sizeBytes) => hashFor(blobName, sizeBytes));
}

/** SHA-1 of the bytes alone, by which some mirrors name files for Python. */
export function plainSha1OfFile(path: string): Promise<string> {
  return feed(path, () => createHash("sha1"));
}

async function feed(path: string, start: (sizeBytes: number) => Hash): Promise<string> {
  const file = await open(path);
  try {
    const hash = start((await file.stat()).size);
    for await (const chunk of file.createReadStream({ autoClose: false })) hash.update(chunk as Uint8Array);
    return hash.digest("hex");
  } finally {
    await file.close();
  }
}
