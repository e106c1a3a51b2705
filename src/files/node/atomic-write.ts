/** Writes files whole or not at all: beside the target first, then in its place in one step. */
import { rmSync } from "node:fs";
import { open, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { writeError } from "./file-errors.ts";
import {
  checkOptions,
  checkValue,
  optionKinds,
  type OptionKind,
  type OptionKinds,
} from "../../util/check-options.ts";
import { partialPathFor, removeAbandoned } from "./leftovers.ts";
import { checkOutputPath, KeptFiles } from "./output-path.ts";

/** The temporary files of writes in progress. */
const partialFiles = new Set<string>();

/** Removes the temporary files of every write in progress; synchronous, for handlers of SIGINT and exit. */
export function removePartialFiles(): void {
  for (const path of partialFiles) rmSync(path, { force: true });
  partialFiles.clear();
}

/** What to write: text, bytes, or bytes in chunks. */
export type FileContent = string | Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** What a write must leave alone. */
export interface WriteOptions {
  /** Files that must not be replaced: inputs, the weights of an open model. */
  readonly kept?: KeptFiles;
}

const writeKinds: OptionKinds<WriteOptions> = {
  kept: { expected: "KeptFiles", fits: (value) => value instanceof KeptFiles },
};

const contentKind: OptionKind = {
  expected: "a text, a Uint8Array, or an iterable of them",
  fits: (value) =>
    typeof value === "string" ||
    (typeof value === "object" &&
      value !== null &&
      (Symbol.iterator in value || Symbol.asyncIterator in value)),
};

/**
 * Writes a file, or replaces one, whose permissions stay. A reader sees the old content or the new one, never a part,
 * even when the process or the machine stops midway. A symbolic link at `path` is replaced, not followed.
 *
 * @throws IO when the folder is missing, the disk is full, or permissions forbid it; when a folder, a device, a pipe or
 *   a socket is at `path`, or behind a link there, a read-only file or one of `kept`; and whatever `content` throws.
 *   Nothing is left behind then.
 */
export async function writeFileAtomic(
  path: string,
  content: FileContent,
  options: WriteOptions = {},
): Promise<void> {
  checkValue("writeFileAtomic: path", path, optionKinds.text);
  checkValue("writeFileAtomic", content, contentKind);
  checkOptions("writeFileAtomic", options, writeKinds);
  const { kept } = options;
  checkOutputPath(path, kept);
  await removeAbandoned(path);
  const partial = partialPathFor(path);
  try {
    const file = await open(partial, "wx").catch((error: unknown) => {
      throw writeError(path, error);
    });
    partialFiles.add(partial);
    try {
      await keepPermissions(file, path);
      await writeChunks(file, path, content);
    } finally {
      await file.close();
    }
    // The work may have taken hours, and another program may have put something there.
    checkOutputPath(path, kept);
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

/** A file that only its owner may read stays one. */
async function keepPermissions(file: FileHandle, path: string): Promise<void> {
  const old = await stat(path).catch(() => undefined);
  // Some file systems have no permissions to set; the content matters more.
  if (old !== undefined) await file.chmod(old.mode & 0o777).catch(() => undefined);
}

async function writeChunks(file: FileHandle, path: string, content: FileContent): Promise<void> {
  for await (const chunk of chunksOf(content)) {
    // Only the file's own errors are ours to explain; the content's errors pass as they are.
    checkValue("writeFileAtomic: a chunk", chunk, optionKinds.bytes);
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
