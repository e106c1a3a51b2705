/** Writes files whole or not at all: beside the target first, then in its place in one step. */
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { open, rename, rm, type FileHandle } from "node:fs/promises";
import { VaekitError } from "../../errors.ts";
import { writeError } from "./file-errors.ts";
import { isFolder } from "./file-source.ts";

/** The temporary files of writes in progress. */
const partialFiles = new Set<string>();

/** Removes the temporary files of every write in progress; synchronous, for handlers of SIGINT and exit. */
export function removePartialFiles(): void {
  for (const path of partialFiles) rmSync(path, { force: true });
  partialFiles.clear();
}

/** What to write: text, bytes, or bytes in chunks. */
export type FileContent = string | Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/**
 * Writes a file, or replaces one. A reader sees the old content or the new one, never a part, even when the
 * process or the machine stops midway. A symbolic link at `path` is replaced, not followed.
 *
 * @throws IO when the folder is missing, the disk is full, or permissions forbid it; and whatever `content`
 *   throws. Nothing is left behind then.
 */
export async function writeFileAtomic(path: string, content: FileContent): Promise<void> {
  if (await isFolder(path)) throw writeError(path, folderInTheWay(path));
  const partial = `${path}.${process.pid}.${randomBytes(4).toString("hex")}.partial`;
  try {
    const file = await open(partial, "wx").catch((error: unknown) => {
      throw writeError(path, error);
    });
    partialFiles.add(partial);
    try {
      await writeChunks(file, path, content);
    } finally {
      await file.close();
    }
    await rename(partial, path).catch((error: unknown) => {
      throw writeError(path, error);
    });
  } catch (error) {
    if (partialFiles.has(partial)) await rm(partial, { force: true });
    throw error;
  } finally {
    partialFiles.delete(partial);
  }
}

function folderInTheWay(path: string): VaekitError {
  return new VaekitError("IO", `${path}: expected a file to write, found a folder.`);
}

async function writeChunks(file: FileHandle, path: string, content: FileContent): Promise<void> {
  for await (const chunk of chunksOf(content)) {
    // Only the file's own errors are ours to explain; the content's errors pass as they are.
    try {
      await writeFully(file, chunk);
    } catch (error) {
      throw writeError(path, error);
    }
  }
  try {
    await file.sync();
  } catch (error) {
    throw writeError(path, error);
  }
}

function chunksOf(content: FileContent): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
  if (typeof content === "string") return [new TextEncoder().encode(content)];
  return content instanceof Uint8Array ? [content] : content;
}

/** One write may take less than it was given, and at most 2 GiB. */
async function writeFully(file: FileHandle, chunk: Uint8Array): Promise<void> {
  let written = 0;
  while (written < chunk.byteLength) {
    const length = Math.min(chunk.byteLength - written, 2 ** 30);
    written += (await file.write(chunk, written, length)).bytesWritten;
  }
}
