/** A model in the cache: whether every file that it needs is there, and sound. */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

import { messageOf, VaekitError } from "../../errors.ts";
import { readJsonFile, readTextFile } from "../../files/node/index.ts";
import { chooseModelFolder } from "../../models/model-folder.ts";
import { isUnknownClass } from "../../models/index.ts";
import { snapshotFolder } from "./cache.ts";
import { assertInsideCache, damageOf } from "./cached-file.ts";
import { chooseFiles, shardIndexFile, shardsOf } from "../choose-files.ts";
import type { HubResolution, HubSettings } from "./options.ts";

/** What the cache has of a model. */
export interface CachedModel {
  /** Where it lies, if it can be used. */
  readonly resolution?: HubResolution;
  /** Else what is missing or damaged; undefined if nothing of it is there. */
  readonly problem?: string;
}

/**
 * Looks for the model of one commit.
 * @throws {VaekitError} `IO` if links lead out of the cache
 */
export async function findCached(settings: HubSettings, commit: string): Promise<CachedModel> {
  const snapshot = snapshotFolder(settings, commit);
  const folders = settings.subfolder === undefined ? await foldersOf(snapshot) : [settings.subfolder];
  let problem: string | undefined;
  for (const name of folders) {
    const folder = join(snapshot, ...name.split("/"));
    const names = new Set(await readdir(folder).catch(() => []));
    if (!names.has("config.json")) continue;
    const found = await problemOf(settings, folder, names);
    if (found === undefined) return { resolution: { folder, commit } };
    problem ??= found;
  }
  return { problem };
}

/** Where the model of a snapshot is, by the rule for all folders. */
async function foldersOf(snapshot: string): Promise<string[]> {
  const files = await readdir(snapshot).catch((): string[] => []);
  if (!files.includes("config.json")) return ["vae"];
  const config = await readJsonFile(join(snapshot, "config.json")).catch((): unknown => undefined);
  // Whether the repository has `vae` is not known here: a root of ours is taken, any other passed over.
  const { subfolder } = await chooseModelFolder({ config, files, hasVae: true }, snapshot);
  if (subfolder === "") return [""];
  const isOther = typeof config === "object" && config !== null && isUnknownClass(config);
  return isOther ? ["vae"] : ["vae", ""];
}

async function problemOf(
  settings: HubSettings,
  folder: string,
  names: ReadonlySet<string>,
): Promise<string | undefined> {
  try {
    const { files, index } = chooseFiles(names, settings.variant, folder);
    for (const name of files) await checkFile(settings, join(folder, name));
    if (index === undefined) return undefined;
    const text = await readTextFile(join(folder, index), shardIndexFile);
    for (const name of shardsOf(text, join(folder, index))) {
      await checkFile(settings, join(folder, name));
    }
    return undefined;
  } catch (error) {
    if (error instanceof VaekitError && error.code === "IO") throw error;
    return messageOf(error).replace(/\.$/, "");
  }
}

/** `stat` follows links, so a link whose blob was deleted counts as missing. */
async function checkFile(settings: HubSettings, path: string): Promise<void> {
  const status = await stat(path).catch(() => undefined);
  if (status?.isFile() !== true) throw new VaekitError("NOT_FOUND", `${path} is missing`);
  await assertInsideCache(settings, path);
  const damage = await damageOf(path);
  if (damage !== undefined) throw new VaekitError("INVALID_FILE", damage);
}
