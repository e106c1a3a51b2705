/** Which picture files a path means: a folder, a list of paths, or the picture itself. */
import { stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { VaekitError } from "../../errors.ts";
import { openFileSource, readError, statRegularFile } from "../../files/node/index.ts";
import { quote } from "../../util/printable.ts";
import { addLeftOut, leftOutCount, leftOutText, nothingLeftOut, type LeftOut } from "./left-out.ts";
import { listFolder } from "./list-folder.ts";
import { readableNames } from "./picture-names.ts";

/** A list of paths is text; what is larger was given by mistake. */
const maxListBytes = 2 ** 29;

/** Pictures, and what was left out on the way to them. */
export interface FoundPictures {
  readonly files: readonly string[];
  readonly leftOut: LeftOut;
}

/**
 * The pictures under a path, or under several.
 *
 * - A folder: every picture in it and below, sorted by path, as {@link listFolder} finds them.
 * - A text file: one path per line, relative to the file; empty lines and those from `#` are left out. The order
 *   stays, and whether each file is there shows only when it is read.
 * - A picture: itself.
 *
 * @throws NOT_FOUND when a path is not there; INVALID_FILE when a folder or a list holds no picture, or a file is
 *   neither picture nor list; IO when it cannot be read.
 */
export async function findPictures(paths: string | readonly string[]): Promise<FoundPictures> {
  const given = typeof paths === "string" ? [paths] : paths;
  if (given.length === 0) {
    throw new VaekitError("INVALID_ARGUMENT", "pictures: expected at least one path, found none.");
  }
  const files: string[] = [];
  const leftOut = nothingLeftOut();
  for (const path of given) {
    const found = await findOne(path);
    for (const file of found.files) files.push(file);
    addLeftOut(leftOut, found.leftOut);
  }
  return { files, leftOut };
}

/** The files of {@link findPictures} alone. */
export async function listPictures(paths: string | readonly string[]): Promise<string[]> {
  return [...(await findPictures(paths)).files];
}

async function findOne(path: string): Promise<FoundPictures> {
  const status = await stat(path).catch((error: unknown) => {
    const { code, message } = readError(path, error);
    throw code === "NOT_FOUND"
      ? new VaekitError(code, `${path}: no such folder or file of pictures (${resolve(path)}).`, {
          cause: error,
        })
      : new VaekitError(code, message, { cause: error });
  });
  if (status.isDirectory()) {
    const found = await listFolder(path, { recursive: true });
    await checkFound(path, found, "in this folder or below");
    return found;
  }
  await statRegularFile(path, "a folder, a picture or a list of pictures");
  const { isPictureName } = await readableNames();
  return { files: isPictureName(path) ? [path] : await readList(path), leftOut: nothingLeftOut() };
}

/** @throws INVALID_FILE when a folder holds no picture. */
export async function checkFound(
  folder: string,
  { files, leftOut }: FoundPictures,
  where: string,
): Promise<void> {
  if (files.length > 0) return;
  const { extensions } = await readableNames();
  const count = leftOutCount(leftOut);
  const [first] = leftOut.unreadable;
  const kinds = [leftOutText(leftOut), ...(first === undefined ? [] : [`${first.path}: ${first.reason}`])];
  const instead =
    count === 0
      ? "an empty folder"
      : `only ${count} other files (${kinds.filter((text) => text !== "").join(", ")})`;
  throw new VaekitError(
    "INVALID_FILE",
    `${folder}: expected pictures (${extensions}) ${where}, found ${instead}.`,
  );
}

async function readList(path: string): Promise<string[]> {
  const { isPictureName, extensions } = await readableNames();
  const source = await openFileSource(path);
  const bytes = source.byteLength > maxListBytes ? undefined : await source.read(0, source.byteLength);
  const text = bytes === undefined ? "\0" : new TextDecoder().decode(bytes);
  if (text.includes("\0")) {
    throw new VaekitError(
      "INVALID_FILE",
      `${path}: expected a folder, a picture (${extensions}) or a text file with one path per line, found a file of another kind.`,
    );
  }
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const pictures = lines.filter((line) => line !== "" && !line.startsWith("#"));
  if (pictures.length === 0) {
    throw new VaekitError("INVALID_FILE", `${path}: expected one path of a picture per line, found none.`);
  }
  const strange = pictures.find((line) => !isPictureName(line));
  if (strange !== undefined) {
    throw new VaekitError(
      "INVALID_FILE",
      `${path}: expected one path of a picture (${extensions}) per line, found ${quote(strange)}.`,
    );
  }
  return pictures.map((line) => resolve(dirname(path), line));
}
