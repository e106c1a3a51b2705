/** A run's place on disk: whether a folder can take a run or holds one, and taking away what a run without a step has left. */
import { rm, rmdir, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { VaekitError } from "../../errors.ts";
import { checkOutputFolderPath, isLeftover, namesIn, readError, systemCode } from "../../files/node/index.ts";
import { isLockFile } from "./lock.ts";
import { isEventFile } from "./tensorboard.ts";

export const recipeFile = "recipe.json";
export const logFile = "log.jsonl";
export const timingFile = "timing.jsonl";
export const lockFile = "train.lock";

/** @throws INVALID_ARGUMENT unless the folder is missing, empty, or what a killed `create` has left; IO. */
export async function checkIsFree(path: string): Promise<void> {
  const names = await namesIn(path).catch((error: unknown) => {
    if (systemCode(error) !== "ENOTDIR") throw readError(path, error);
    throw new VaekitError("INVALID_ARGUMENT", `${path}: expected a folder for the run, found a file.`);
  });
  checkOutputFolderPath(path);
  if (names.includes(recipeFile)) {
    throw new VaekitError(
      "INVALID_ARGUMENT",
      `${path}: this folder holds a run already. Pass \`resume: true\` to go on with it, or choose another folder.`,
    );
  }
  const foreign = names.filter((name) => !isLockFile(name, lockFile) && !isLeftover(name)).sort();
  if (foreign.length === 0) return;
  const more = foreign.length > 1 ? ` and ${foreign.length - 1} more` : "";
  throw new VaekitError(
    "INVALID_ARGUMENT",
    `${path}: expected a new or empty folder for the run, found ${foreign[0]!}${more} in it. Choose another folder.`,
  );
}

export async function checkIsRun(path: string): Promise<void> {
  await stat(join(path, recipeFile)).catch((error: unknown) => {
    if (!["ENOENT", "ENOTDIR"].includes(systemCode(error) ?? "")) throw readError(path, error);
    throw new VaekitError(
      "NOT_FOUND",
      `${path}: expected the folder of a run to resume, found no ${recipeFile} in it.`,
    );
  });
}

/** Removes what a run without a step has written. What cannot be removed stays: there is an error to tell of already. */
export async function removeFreshFiles(path: string): Promise<void> {
  const isOurs = (name: string): boolean =>
    [recipeFile, logFile, timingFile, "data.jsonl"].includes(name) || isEventFile(name);
  for (const name of (await namesIn(path)).filter(isOurs)) {
    await rm(join(path, name), { force: true }).catch(() => undefined);
  }
}

/** Removes the empty folders from a run's up to the topmost one that it has made. */
export async function removeMadeFolders(path: string, topmost: string | undefined): Promise<void> {
  if (topmost === undefined) return;
  for (let folder = resolve(path); folder.startsWith(resolve(topmost)); folder = dirname(folder)) {
    // Where somebody has put something in meanwhile, it stays.
    const isRemoved = await rmdir(folder).then(
      () => true,
      () => false,
    );
    if (!isRemoved) return;
  }
}
