/** From a model id to a folder with its config and weights, by way of the hub or of the cache alone. */
import { join } from "node:path";

import { readJsonFile, readTextFile } from "../../files/node/index.ts";
import { messageOf, throwIfAborted, VaekitError } from "../../errors.ts";
import { readReference, repositoryFolder, snapshotFolder, writeReference } from "./cache.ts";
import { assertInsideCache } from "./cached-file.ts";
import { findCached } from "./cached-model.ts";
import { chooseModelFolder } from "../../models/model-folder.ts";
import { modelOfConfig } from "../../models/index.ts";
import { chooseFiles, shardIndexFile, shardsOf } from "../choose-files.ts";
import { isBlobName } from "./content-hash.ts";
import { checkRoom } from "./room.ts";
import { download } from "./download.ts";
import { apiAnswer, readAnswer, type ApiAnswer } from "./hub-client.ts";
import { HubUnreachableError } from "../refusal.ts";
import { nonsense } from "./hub-errors.ts";
import { checkHubId, checkRelativePath, isCommit } from "../hub-id.ts";
import { readSettings } from "./options.ts";
import type { HubOptions, HubResolution, HubSettings } from "./options.ts";
import type { HubFile } from "./transfer.ts";

/**
 * Finds a VAE of the hub in the cache shared with Python, and downloads what is missing: config.json and one
 * set of safetensors weights. When the hub is out of reach, the cached copy of the revision is used.
 * @param id `org/name`
 * @throws {VaekitError} `NOT_FOUND` if the model, the revision, the subfolder or its files do not exist, `HUB`
 * for every other refusal or failure of the hub, `IO` if the cache cannot be written, `ABORTED` by the signal
 */
export async function resolveFromHub(id: string, options: HubOptions = {}): Promise<HubResolution> {
  checkHubId(id);
  throwIfAborted(options.signal);
  const settings = await readSettings(id, options);
  checkRelativePath(settings.revision, "Revision");
  if (settings.subfolder === "") return resolveFromHub(id, { ...options, subfolder: undefined });
  if (settings.subfolder !== undefined) checkRelativePath(settings.subfolder, "Subfolder");
  if (settings.variant !== undefined) checkRelativePath(settings.variant, "Variant");

  const known = await readReference(settings);
  const { resolution: cached, problem } = known === undefined ? {} : await findCached(settings, known);
  if (cached !== undefined && (settings.localFilesOnly || isCommit(settings.revision))) return cached;
  if (settings.localFilesOnly) throw notCached(settings, problem);
  try {
    return await resolveOnline(settings);
  } catch (error) {
    if (!(error instanceof HubUnreachableError)) throw error;
    if (cached === undefined) throw problem === undefined ? error : withCacheProblem(error, problem);
    settings.onWarning?.(
      `${error.message} Using the cached copy of ${id} (commit ${cached.commit.slice(0, 8)}).`,
    );
    return cached;
  }
}

function withCacheProblem(error: VaekitError, problem: string): VaekitError {
  return new VaekitError(error.code, `${error.message} The cached copy cannot stand in: ${problem}.`, {
    cause: error,
  });
}

async function resolveOnline(settings: HubSettings): Promise<HubResolution> {
  const commit = await findCommit(settings);
  const resolution =
    (await findCached(settings, commit)).resolution ?? (await fetchSnapshot(settings, commit));
  // Last, so that a revision never leads to a snapshot that lacks files.
  if (!isCommit(settings.revision)) await recordReference(settings, commit);
  return resolution;
}

async function recordReference(settings: HubSettings, commit: string): Promise<void> {
  try {
    await assertInsideCache(settings, join(repositoryFolder(settings), "refs"));
    await writeReference(settings, commit);
  } catch (error) {
    // The model is there and usable; only finding it offline by this revision's name will fail.
    settings.onWarning?.(`${settings.cacheDir}: cannot record the revision: ${messageOf(error)}`);
  }
}

async function findCommit(settings: HubSettings): Promise<string> {
  const { id, endpoint, revision } = settings;
  const sha = await readAnswer(settings, async () => {
    const url = `${endpoint}/api/models/${id}/revision/${encodeURIComponent(revision)}?expand=sha`;
    const info = (await apiAnswer(settings)(url)).json as { readonly sha: unknown };
    return info.sha;
  });
  // It becomes a folder name, so nothing but a commit may pass.
  if (typeof sha !== "string" || !isCommit(sha)) throw nonsense(settings);
  return sha;
}

async function fetchSnapshot(settings: HubSettings, commit: string): Promise<HubResolution> {
  const { subfolder, files } = await findFolder(settings, commit);
  const prefix = subfolder === "" ? "" : `${subfolder}/`;
  const names = new Set(files.keys());
  const where = `${settings.id}${subfolder === "" ? "" : `/${subfolder}`} (${settings.endpoint})`;
  const choice = chooseFiles(names, settings.variant, where);
  const folder = join(snapshotFolder(settings, commit), ...subfolder.split("/"));
  const fetchAll = async (wanted: readonly string[]): Promise<void> => {
    const listed = wanted.map((name) => fileNamed(settings, files, name, prefix));
    await checkRoom(settings, commit, listed);
    for (const file of listed) {
      await download(settings, commit, file);
      // The config comes first: gigabytes of another model's weights need not follow.
      if (file.path === `${prefix}config.json`) await refuseOtherModel(folder, where);
    }
  };
  await fetchAll(choice.files);
  if (choice.index !== undefined) {
    const text = await readTextFile(join(folder, choice.index), shardIndexFile);
    await fetchAll(shardsOf(text, `${where}: ${choice.index}`));
  }
  return { folder, commit };
}

interface Folder {
  readonly subfolder: string;
  readonly files: Map<string, HubFile>;
}

/** The folder that was asked for, or by the rule for all folders the repository's own or `vae` of a pipeline. */
async function findFolder(settings: HubSettings, commit: string): Promise<Folder> {
  const subfolder = settings.subfolder ?? "";
  const folder = { subfolder, files: await listFolder(settings, commit, subfolder) };
  if (settings.subfolder !== undefined) return folder;
  const vae = { subfolder: "vae", files: await listVae(settings, commit) };
  if (!vae.files.has("config.json")) return folder;
  const config = await fetchConfig(settings, commit, folder);
  const content = { config, files: [...folder.files.keys()], hasVae: true };
  const choice = await chooseModelFolder(content, settings.id);
  for (const warning of choice.warnings) settings.onWarning?.(warning);
  return choice.subfolder === "vae" ? vae : folder;
}

/** @throws INVALID_CONFIG, UNSUPPORTED when the config.json of a folder is that of no class that vaekit reads. */
async function refuseOtherModel(folder: string, where: string): Promise<void> {
  const config = await readJsonFile(join(folder, "config.json"));
  await modelOfConfig(config, `${where}: config.json`);
}

/** What lies in `vae`, if the repository has such a folder. */
async function listVae(settings: HubSettings, commit: string): Promise<Map<string, HubFile>> {
  try {
    return await listFolder(settings, commit, "vae");
  } catch (error) {
    if (error instanceof VaekitError && error.code === "NOT_FOUND") return new Map();
    throw error;
  }
}

/** The repository's own config.json, downloaded and parsed; undefined without one. */
async function fetchConfig(settings: HubSettings, commit: string, { files }: Folder): Promise<unknown> {
  if (!files.has("config.json")) return undefined;
  const file = fileNamed(settings, files, "config.json", "");
  await checkRoom(settings, commit, [file]);
  await download(settings, commit, file);
  return readJsonFile(join(snapshotFolder(settings, commit), "config.json"));
}

async function listFolder(
  settings: HubSettings,
  commit: string,
  path: string,
): Promise<Map<string, HubFile>> {
  const { id, endpoint } = settings;
  return readAnswer(settings, async () => {
    const files = new Map<string, HubFile>();
    const folder = path === "" ? "" : `/${path.split("/").map(encodeURIComponent).join("/")}`;
    const entries = listEntries(settings, `${endpoint}/api/models/${id}/tree/${commit}${folder}`);
    for await (const entry of entries) {
      if (entry.type !== "file" || !isPlainPath(entry.path)) continue;
      const name = entry.path.slice(path === "" ? 0 : path.length + 1);
      const etag = entry.lfs?.oid ?? entry.oid ?? "";
      files.set(name, { path: entry.path, sizeBytes: entry.lfs?.size ?? entry.size, etag });
    }
    return files;
  });
}

/** What the hub says of a file; whatever is used of it is checked where it is used. */
interface ListedEntry {
  readonly type: string;
  readonly path: string;
  readonly size: number;
  readonly oid?: string;
  readonly lfs?: { readonly oid: string; readonly size: number };
}

/** A listing, page after page. */
async function* listEntries(settings: HubSettings, address: string): AsyncGenerator<ListedEntry> {
  const ask = apiAnswer(settings);
  let url: string | undefined = address;
  while (url !== undefined) {
    const answer: ApiAnswer = await ask(url);
    yield* answer.json as readonly ListedEntry[];
    [, url] = /<([^>]+)>\s*;\s*rel="next"/.exec(answer.link) ?? [];
  }
}

/** Other names may be the hub's, but none that a model needs; messages show names. */
function isPlainPath(path: unknown): path is string {
  // eslint-disable-next-line no-control-regex -- these are what it is about
  return typeof path === "string" && path.length < 1000 && !/[\\\x00-\x1f\x7f-\x9f]/.test(path);
}

function fileNamed(
  settings: HubSettings,
  files: ReadonlyMap<string, HubFile>,
  name: string,
  prefix: string,
): HubFile {
  const file = files.get(name);
  if (file === undefined) {
    const where = `${settings.id} (${settings.endpoint})`;
    throw new VaekitError(
      "NOT_FOUND",
      `${where}: the index names ${prefix}${name}, which the model lacks. Tell its owner.`,
    );
  }
  // The hash becomes a file name, and the path was only a claim of the hub.
  const isSane = isBlobName(file.etag) && Number.isSafeInteger(file.sizeBytes) && file.sizeBytes >= 0;
  if (!isSane || file.path !== prefix + name) throw nonsense(settings);
  return file;
}

function notCached(settings: HubSettings, problem: string | undefined): VaekitError {
  const { id, endpoint, revision, cacheDir, subfolder, variant } = settings;
  const parts = [`revision ${revision}`, subfolder ?? "", variant ?? ""]
    .filter((part) => part !== "")
    .join(", ");
  return new VaekitError(
    "HUB",
    `${id} (${parts}) is not complete in the cache ${cacheDir}${problem === undefined ? "" : ` (${problem})`}, ` +
      `and downloads from ${endpoint} are off. ` +
      "Fetch it once without HF_HUB_OFFLINE, TRANSFORMERS_OFFLINE and `localFilesOnly`, set HF_HUB_CACHE to a cache that has it, or pass a folder.",
  );
}
