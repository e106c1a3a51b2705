/** Which picture files a path means: a folder, a list of paths, or the picture itself. */
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { dirname, extname, join, resolve } from "node:path";
import { messageOf, VaekitError } from "../../errors.ts";

const pictureExtensions = [".png", ".jpg", ".jpeg", ".webp", ".avif", ".tif", ".tiff", ".gif"];
const extensionNames = "png, jpg, jpeg, webp, avif, tif or gif";

/** A list of paths is text; what is larger was given by mistake. */
const maxListBytes = 2 ** 29;

/**
 * The pictures under a path, or under several.
 *
 * - A folder: every picture in it and below, sorted by path; hidden files are left out.
 * - A text file: one path per line, relative to the file; empty lines and those from `#` are left out. The order
 *   stays, and whether each file is there shows only when it is read.
 * - A picture: itself.
 *
 * @throws NOT_FOUND when a path is not there; INVALID_FILE when a folder or a list holds no picture, or a file is
 *   neither picture nor list; IO when it cannot be read.
 */
export async function listPictures(paths: string | readonly string[]): Promise<string[]> {
  const given = typeof paths === "string" ? [paths] : paths;
  if (given.length === 0) {
    throw new VaekitError("INVALID_ARGUMENT", "pictures: expected at least one path, found none.");
  }
  const lists: string[][] = [];
  for (const path of given) lists.push(await listOne(path));
  return lists.flat();
}

async function listOne(path: string): Promise<string[]> {
  try {
    if ((await stat(path)).isDirectory()) return await listFolder(path);
    return isPicture(path) ? [path] : await readList(path);
  } catch (error) {
    if (error instanceof VaekitError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") {
      throw new VaekitError("NOT_FOUND", `${path}: no such folder or file of pictures (${resolve(path)}).`, {
        cause: error,
      });
    }
    throw new VaekitError("IO", `${path}: could not be read: ${messageOf(error)}`, { cause: error });
  }
}

function isPicture(path: string): boolean {
  return pictureExtensions.includes(extname(path).toLowerCase());
}

async function listFolder(folder: string): Promise<string[]> {
  const found: { pictures: string[]; otherCount: number } = { pictures: [], otherCount: 0 };
  const visited = new Set<string>();
  const visit = async (path: string): Promise<void> => {
    const real = await realpath(path);
    // A link to a folder above would otherwise lead around in a circle.
    if (visited.has(real)) return;
    visited.add(real);
    for (const entry of await readdir(path, { withFileTypes: true })) {
      if (entry.name.startsWith(".")) continue;
      const child = join(path, entry.name);
      const isLink = entry.isSymbolicLink();
      const kind = isLink ? await stat(child).catch(() => undefined) : entry;
      if (kind?.isDirectory() === true) await visit(child);
      else if (kind?.isFile() === true && isPicture(child)) found.pictures.push(child);
      else found.otherCount++;
    }
  };
  await visit(folder);
  if (found.pictures.length === 0) {
    const instead = found.otherCount === 0 ? "an empty folder" : `only ${found.otherCount} other files`;
    throw new VaekitError(
      "INVALID_FILE",
      `${folder}: expected pictures (${extensionNames}) in this folder or below, found ${instead}.`,
    );
  }
  // By code unit, so that the order is the same in every locale.
  return found.pictures.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

async function readList(path: string): Promise<string[]> {
  const { size } = await stat(path);
  const text = size > maxListBytes ? "\0" : await readFile(path, "utf8");
  if (text.includes("\0")) {
    throw new VaekitError(
      "INVALID_FILE",
      `${path}: expected a folder, a picture (${extensionNames}) or a text file with one path per line, found a file of another kind.`,
    );
  }
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const pictures = lines.filter((line) => line !== "" && !line.startsWith("#"));
  if (pictures.length === 0) {
    throw new VaekitError("INVALID_FILE", `${path}: expected one path of a picture per line, found none.`);
  }
  const strange = pictures.find((line) => !isPicture(line));
  if (strange !== undefined) {
    throw new VaekitError(
      "INVALID_FILE",
      `${path}: expected one path of a picture (${extensionNames}) per line, found ${JSON.stringify(strange.slice(0, 80))}.`,
    );
  }
  return pictures.map((line) => resolve(dirname(path), line));
}
