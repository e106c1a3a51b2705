/** Whether an output may go to a path: the one place that every writer asks, before the work and again at the write. */
import { accessSync, constants, lstatSync, realpathSync, statSync, type BigIntStats } from "node:fs";
import { basename, dirname, join, sep } from "node:path";
import { VaekitError } from "../../errors.ts";
import { shorten } from "../../util/printable.ts";
import { systemCode, writeError } from "./file-errors.ts";
import { otherKind } from "./file-kind.js";
import { maxPartialBytes } from "./leftovers.ts";

/** Of a file's name on the disks of all systems that vaekit runs on, less what a write appends. */
const maxNameBytes = 255 - maxPartialBytes;

/** Files that no output may replace, under whatever name: links of both kinds and other spellings are found. */
export class KeptFiles {
  /** Device and inode → what the file is to the user. */
  readonly #roles = new Map<string, string>();

  /**
   * Keeps a file, if there is one.
   *
   * @param role what it is to the user: "an input", "the model's weights".
   */
  add(path: string, role: string): void {
    const status = statusOf(path);
    if (status?.isFile() === true) this.#roles.set(identityOf(status), role);
  }

  /** What a file is; undefined for one that may be replaced. */
  roleOf(status: BigIntStats): string | undefined {
    return this.#roles.get(identityOf(status));
  }
}

/**
 * Checks that a file may be written to `path`. A file of that name will be replaced, and a symbolic link too, which
 * is not followed; but what the link leads to tells what the user means, so it is checked as well. Nothing is
 * written, and a missing folder is left for the write to report.
 *
 * @throws IO when a folder, a device, a pipe or a socket is there, a read-only file, or one of `kept`; or when the
 *   folder is the operating system's own.
 */
export function checkOutputPath(path: string, kept?: KeptFiles): void {
  checkPlace(path);
  if (path.endsWith("/") || path.endsWith(sep)) {
    throw new VaekitError("IO", `${path}: expected a file's name, found a folder's.`);
  }
  const target = statusOf(path);
  if (target === undefined) return;
  const other = otherKind(target);
  if (other !== undefined) {
    const link = lstatSync(path).isSymbolicLink() ? ", behind a symbolic link" : "";
    throw new VaekitError("IO", `${path}: expected a file to write, found ${other}${link}.`);
  }
  const role = kept?.roleOf(target);
  if (role !== undefined) {
    throw new VaekitError("IO", `${path}: would replace ${role}. Write to another name or folder.`);
  }
  try {
    accessSync(path, constants.W_OK);
  } catch (error) {
    throw new VaekitError("IO", `${path}: is read-only. Write to another name, or change its permissions.`, {
      cause: error,
    });
  }
}

/**
 * Checks that a folder may be made, or replaced, at `path`.
 *
 * @throws IO when anything but a folder is there, or the place is the operating system's own.
 */
export function checkOutputFolderPath(path: string): void {
  checkPlace(path);
  checkPlace(join(path, "any"), path);
  const target = statusOf(path);
  if (target === undefined || target.isDirectory()) return;
  throw new VaekitError(
    "IO",
    `${path}: expected a folder to write into, found ${otherKind(target) ?? "a file"}.`,
  );
}

/** The path with its folder's links resolved: equal for every spelling of one place where nothing is yet. */
export function placeOf(path: string): string {
  return join(realFolder(path) ?? dirname(path), basename(path));
}

/** What is at a path, links followed; undefined where nothing is. */
function statusOf(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true });
  } catch (error) {
    // A link that leads nowhere is replaced like any other.
    if (["ENOENT", "ENOTDIR", "ELOOP"].includes(systemCode(error) ?? "")) return undefined;
    throw writeError(path, error);
  }
}

function identityOf({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`;
}

/** A link in /dev, such as /dev/stdout, may lead to a plain file; replacing it would take it from every program. */
function checkPlace(path: string, shown = path): void {
  if (path === "") throw new VaekitError("IO", "Expected a path to write to, found an empty text.");
  if (path.includes("\0")) {
    throw new VaekitError("IO", `${path.replaceAll("\0", "\\0")}: expected a path without NUL characters.`);
  }
  checkNameLength(path);
  if (process.platform === "win32") return;
  const folder = realFolder(path);
  if (folder === undefined || !/^\/(?:proc|sys|dev)(?:\/|$)/.test(folder)) return;
  if (/^\/dev\/shm(?:\/|$)/.test(folder)) return;
  throw new VaekitError(
    "IO",
    `${shown}: expected a file or folder on a disk to write, found a place of the operating system's in ${folder}.`,
  );
}

/** A write begins under a longer name, which must have room as well: see `leftovers.ts`. */
function checkNameLength(path: string): void {
  const bytes = Buffer.byteLength(basename(path));
  if (bytes <= maxNameBytes) return;
  throw new VaekitError(
    "IO",
    `${shorten(path, 300)}: expected a name of at most ${maxNameBytes} bytes to write, found ${bytes}. Choose a shorter one.`,
  );
}

function realFolder(path: string): string | undefined {
  try {
    return realpathSync(dirname(path));
  } catch {
    return undefined;
  }
}
