/** Output paths, checked before the long work begins: there is a folder, and no input lies in the way. */
import { constants } from "node:fs";
import { access, mkdir, realpath, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { messageOf } from "../errors.ts";
import { VaekitError } from "../node/index.ts";

/**
 * Checks that a file can be written. An existing file of that name will be replaced, unless it is an input.
 *
 * @throws IO when its folder is missing or not writable, when it is a folder, or one of `inputs`.
 */
export async function checkOutputFile(path: string, inputs: readonly string[] = []): Promise<void> {
  await checkWritableFolder(dirname(path), path);
  if (await isFolder(path)) throw new VaekitError("IO", `${path}: expected a file to write, found a folder.`);
  await checkIsNoInput(path, inputs);
}

/**
 * Checks that a folder for outputs is there, or can be made by {@link makeOutputFolder}.
 *
 * @throws IO when its parent is missing or not writable, or when it is a file.
 */
export async function checkOutputFolder(path: string): Promise<void> {
  if (await isFolder(path)) {
    await checkWritableFolder(path, path);
    return;
  }
  if (await exists(path))
    throw new VaekitError("IO", `${path}: expected a folder to write into, found a file.`);
  await checkWritableFolder(dirname(resolve(path)), path);
}

/** Makes the folder unless it is there. Done only when there is something to put into it. */
export async function makeOutputFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true }).catch((error: unknown) => {
    throw new VaekitError("IO", `${path}: the folder could not be made: ${messageOf(error)}.`, {
      cause: error,
    });
  });
}

/** @throws IO when the folder for temporary files is missing or not writable. */
export async function checkTemporaryFolder(path: string): Promise<void> {
  if (!(await isFolder(path))) {
    throw new VaekitError("IO", `--temp-dir: expected a folder that is there, found ${path}. Make it first.`);
  }
  await checkWritableFolder(path, path);
}

/** @throws IO when `path` is one of `inputs`, under whatever name. */
export async function checkIsNoInput(path: string, inputs: readonly string[]): Promise<void> {
  const target = await realpath(path).catch(() => resolve(path));
  for (const input of inputs) {
    if ((await realpath(input).catch(() => resolve(input))) !== target) continue;
    throw new VaekitError("IO", `${path}: would replace an input. Write to another name or folder.`);
  }
}

async function checkWritableFolder(folder: string, output: string): Promise<void> {
  if (!(await isFolder(folder))) {
    throw new VaekitError("IO", `${output}: its folder does not exist; create ${resolve(folder)} first.`);
  }
  await access(folder, constants.W_OK).catch((error: unknown) => {
    throw new VaekitError("IO", `${output}: may not be written; check the folder's permissions.`, {
      cause: error,
    });
  });
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** Whether there is a folder at `path`. */
export async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (info) => info.isDirectory(),
    () => false,
  );
}
