/** The one lister of picture folders, for every command and for training. */
import { lstat, readdir, realpath, stat } from "node:fs/promises";
import type { Dirent } from "node:fs";
import { join } from "node:path";
import { otherKind } from "../../files/node/file-kind.js";
import { readError } from "../../files/node/index.ts";
import { isOwnPicture } from "./own-picture.ts";
import { nothingLeftOut, type LeftOut } from "./left-out.ts";
import { isOtherFormat, isOutputName, isRunFolder, readableNames } from "./picture-names.ts";

export interface FolderListing {
  /** Sorted by code unit, so that the order is the same in every locale. */
  readonly files: string[];
  readonly leftOut: LeftOut;
}

export interface ListFolderOptions {
  /** Whether the folders below are listed, too. */
  readonly recursive: boolean;
}

/** Files looked into at once for the mark of vaekit's own pictures. */
const openedAtOnce = 16;

/**
 * The pictures of a folder, by their names. Left out and counted: hidden files; pictures that vaekit made and folders
 * of training runs, by their names and by a mark in the files; formats that cannot be read here; other files. A
 * picture's name with something else behind it (a link that leads nowhere, a pipe) counts as an unreadable picture.
 *
 * @throws NOT_FOUND or IO when the folder itself cannot be read.
 */
export async function listFolder(folder: string, options: ListFolderOptions): Promise<FolderListing> {
  const { isPictureName } = await readableNames();
  const leftOut = nothingLeftOut();
  const candidates: string[] = [];
  const visited = new Set<string>();

  const visit = async (path: string): Promise<void> => {
    // A link to a folder above would otherwise lead around in a circle.
    const real = await realpath(path);
    if (visited.has(real)) return;
    visited.add(real);
    const entries = await readdir(path, { withFileTypes: true });
    if (isRunFolder(entries.map(({ name }) => name))) {
      leftOut.runFolders++;
      return;
    }
    // By name, or of two ways to one folder the file system would choose.
    for (const entry of entries.sort((a, b) => byCodeUnit(a.name, b.name))) await take(path, entry);
  };

  const take = async (parent: string, entry: Dirent): Promise<void> => {
    const { name } = entry;
    const path = join(parent, name);
    const kind = name.startsWith(".") ? "hidden" : await kindOf(path, entry);
    if (kind === "hidden") leftOut.hidden++;
    else if (kind === "a folder") {
      if (!options.recursive) leftOut.folders++;
      else await visit(path).catch((error: unknown) => leftOut.unreadable.push(unreadable(path, error)));
    } else if (!isPictureName(name)) leftOut[isOtherFormat(name) ? "otherFormats" : "otherFiles"]++;
    else if (isOutputName(name)) leftOut.ownPictures++;
    else if (kind === undefined) candidates.push(path);
    else leftOut.unreadable.push({ path, reason: `expected a picture, found ${kind}` });
  };

  await visit(folder).catch((error: unknown) => {
    throw readError(folder, error);
  });
  const files = await withoutOwnPictures(candidates);
  leftOut.ownPictures += candidates.length - files.length;
  return { files: files.sort(byCodeUnit), leftOut };
}

const byCodeUnit = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** What is at a path, through links; undefined for a regular file. */
async function kindOf(path: string, entry: Dirent): Promise<string | undefined> {
  if (entry.isFile() && !path.includes("\uFFFD")) return undefined;
  try {
    return otherKind(await stat(path));
  } catch {
    // Node replaces the bytes of a name that are no UTF-8, and finds no such file then.
    const isThere = await lstat(path).then(
      () => true,
      () => false,
    );
    return isThere ? "a link that leads nowhere" : "a file whose name is not UTF-8";
  }
}

function unreadable(path: string, error: unknown): { path: string; reason: string } {
  return {
    path,
    reason: readError(path, error)
      .message.slice(path.length + 2)
      .replace(/\.$/, ""),
  };
}

async function withoutOwnPictures(paths: readonly string[]): Promise<string[]> {
  const isOwn = new Array<boolean>(paths.length).fill(false);
  let next = 0;
  const look = async (): Promise<void> => {
    while (next < paths.length) {
      const index = next++;
      isOwn[index] = await isOwnPicture(paths[index]!);
    }
  };
  await Promise.all(Array.from({ length: openedAtOnce }, look));
  return paths.filter((_, index) => isOwn[index] !== true);
}
