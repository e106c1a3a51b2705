/** Writes a model of any class as diffusers does: config.json and its weights in a folder. */
import { realpath, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { VaekitError } from "../errors.ts";
import {
  checkOutputFolderPath,
  checkOutputPath,
  KeptFiles,
  makeFolder,
  writeFileAtomic,
} from "../files/node/index.ts";
import { likelihoodFileName } from "../models/index.ts";
import { checkPath } from "../util/check-options.ts";
import { savedContents, type SaveableModel } from "../vae/saved-files.ts";
import type { Vae } from "../vae/vae.ts";
import { weightFileNames } from "../weights/index.ts";

/**
 * @throws IO, also when the folder is the one that this model is read from: a model in use keeps its files; UNSUPPORTED for two
 *   halves with configs of their own.
 */
export async function savePretrained(
  vae: SaveableModel & Pick<Vae, "weightFiles">,
  folder: string,
): Promise<void> {
  checkPath("savePretrained", folder, "the path of a folder");
  const weightsPath = join(folder, weightFileNames(undefined).whole);
  const configPath = join(folder, "config.json");
  const likelihoodPath = join(folder, likelihoodFileName);
  const indexPath = `${weightsPath}.index.json`;
  const kept = new KeptFiles();
  for (const path of vae.weightFiles) kept.add(path, "the weights of this model, which is in use");
  checkOutputFolderPath(folder);
  for (const path of [weightsPath, configPath, likelihoodPath]) checkOutputPath(path, kept);
  await checkIsNotOwnIndex(indexPath, vae.weightFiles);
  const files = await savedContents(vae);
  await makeFolder(folder);
  for (const [name, content] of files) await writeFileAtomic(join(folder, name), content, { kept });
  // Without a scale, that of an earlier model must not stay beside this one.
  if (!files.has(likelihoodFileName)) await rm(likelihoodPath, { force: true });
  // diffusers would prefer the shards of an index that an earlier model left here.
  await rm(indexPath, { force: true });
}

/** @throws IO when the index in the folder is that of the shards in use: without it they are no model. */
async function checkIsNotOwnIndex(indexPath: string, weightFiles: readonly string[]): Promise<void> {
  if (weightFiles.length < 2 || (await stat(indexPath).catch(() => undefined)) === undefined) return;
  const folder = dirname(await realpath(indexPath));
  if (!weightFiles.some((path) => dirname(path) === folder)) return;
  throw new VaekitError(
    "IO",
    `${indexPath}: would replace the weights of this model, which is in use. Write to another name or folder.`,
  );
}
