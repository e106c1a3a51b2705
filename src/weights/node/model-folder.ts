/** Finds the folder of the VAE on disk. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { readJsonFile } from "../../files/node/index.ts";
import { chooseModelFolder, type FolderChoice } from "../../models/model-folder.ts";

/**
 * Where the VAE is in a folder that nobody says more of.
 *
 * @throws IO, INVALID_FILE, INVALID_CONFIG when the folder's own config.json cannot be read.
 */
export async function findModelFolder(folder: string): Promise<FolderChoice> {
  const files = await readdir(folder).catch((): string[] => []);
  const hasVae = await isThere(join(folder, "vae", "config.json"));
  const config = files.includes("config.json") ? await readJsonFile(join(folder, "config.json")) : undefined;
  return chooseModelFolder({ config, files, hasVae }, folder);
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
