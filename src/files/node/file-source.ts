/** Files as byte sources. */
import { statSync, type Stats } from "node:fs";
import { open, realpath, stat } from "node:fs/promises";
import { VaekitError } from "../../errors.ts";
import type { ByteSource } from "../../tensor/byte-source.ts";
import { checkPath } from "../../util/check-options.ts";
import { readError } from "./file-errors.ts";
import { otherKind } from "./file-kind.js";

/** A file on disk, read piece by piece. */
export interface FileSource extends ByteSource {
  /** The file's path. */
  readonly path: string;
}

/** Node refuses single reads of 2 GiB and more. */
const maxBytesPerRead = 2 ** 30;

/**
 * A file as a byte source. It is opened for each read and closed after it, so there is nothing to dispose.
 *
 * `name` is the path as given, for messages. `path` is the real path, with every symbolic link resolved: ONNX
 * Runtime maps weights from a file only when no link leads out of its folder, as the hub cache's links do.
 *
 * @throws NOT_FOUND, IO when it may not be read, INVALID_FILE when it is a folder.
 */
export async function openFileSource(path: string): Promise<FileSource> {
  checkPath("openFileSource", path, "a path");
  try {
    const real = await realpath(path);
    const status = await stat(real);
    const found = otherKind(status);
    if (found !== undefined) {
      throw new VaekitError("INVALID_FILE", `${path}: expected a file, found ${found}.`);
    }
    // Permissions are checked now, while the user still knows which file this is about.
    await (await open(real)).close();
    return {
      name: path,
      path: real,
      byteLength: status.size,
      read: (offset, length) => readRange(path, real, offset, length, status),
      checkUnchanged: () => {
        checkIsSame(path, status, statusNow(path, real));
      },
    };
  } catch (error) {
    throw readError(path, error);
  }
}

/** Whether a folder is at `path`, through symbolic links. */
export async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (status) => status.isDirectory(),
    () => false,
  );
}

function statusNow(name: string, path: string): Stats {
  try {
    return statSync(path);
  } catch (error) {
    throw readError(name, error);
  }
}

/**
 * Another file in the place of one in use would give other weights without a word, and so would new bytes in the same
 * file: who writes them touches it, and who only touches it cannot be told from that.
 */
function checkIsSame(name: string, opened: Stats, now: Stats): void {
  if (opened.size === now.size && opened.mtimeMs === now.mtimeMs && opened.ino === now.ino) return;
  throw new VaekitError(
    "INVALID_FILE",
    `${name}: the file was touched or changed while in use. Open the model again.`,
  );
}

async function readRange(
  name: string,
  path: string,
  offset: number,
  length: number,
  opened: Stats,
): Promise<Uint8Array> {
  try {
    const bytes = new Uint8Array(length);
    const file = await open(path);
    try {
      checkIsSame(name, opened, await file.stat());
      let filled = 0;
      while (filled < length) {
        const wanted = Math.min(length - filled, maxBytesPerRead);
        const { bytesRead } = await file.read(bytes, filled, wanted, offset + filled);
        if (bytesRead === 0) throw cutOff(name, offset + length, opened.size);
        filled += bytesRead;
      }
    } finally {
      await file.close();
    }
    return bytes;
  } catch (error) {
    throw readError(name, error);
  }
}

function cutOff(name: string, expectedBytes: number, foundBytes: number): VaekitError {
  return new VaekitError(
    "INVALID_FILE",
    `${name}: expected at least ${expectedBytes} bytes, found ${foundBytes}: the file is cut off, or was changed while in use.`,
  );
}
