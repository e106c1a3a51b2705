/** The files of a model of the hub, as the browser asks for them: the revision's commit, its folder's listing, then the files. */
import { VaekitError } from "../errors.ts";
import { checkHubId, checkRelativePath, isCommit } from "../hub/hub-id.ts";
import { HubUnreachableError, refusalOf, type HubQuestion, type HubRemedies } from "../hub/refusal.ts";
import { chooseModelFolder } from "../models/model-folder.ts";
import { isRecord } from "../util/describe-value.ts";
import { describeNames, readJsonSource, type ModelFiles } from "../weights/index.ts";
import type { BlobSource } from "./blob-source.ts";
import { UnreachableError } from "./fetch-file.ts";
import type { FileFetcher, FileRequest } from "./file-fetcher.ts";
import { openedOnce, type FoundFolder } from "./found-model.ts";

/** What of the hub is asked for. */
export interface HubOptions {
  readonly subfolder?: string | undefined;
  readonly revision?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly token?: string | undefined;
}

/** A file of the listing: its size in bytes. */
type Listing = ReadonlyMap<string, number>;

/**
 * @param fetcher sends the token, where there is one.
 * @throws NOT_FOUND if the model, the revision or the folder do not exist; HUB for every other refusal or failure of the hub;
 *   INVALID_FILE, ABORTED
 */
export async function folderOnHub(
  id: string,
  options: HubOptions,
  fetcher: FileFetcher,
): Promise<FoundFolder> {
  const hub = new Hub(questionOf(id, options), fetcher);
  const commit = await hub.commit();
  const { subfolder } = options;
  if (subfolder !== undefined && subfolder !== "") {
    return { name: id, files: hub.files(commit, subfolder, await hub.list(commit, subfolder)), warnings: [] };
  }
  const { files: own, folders } = await hub.listAll(commit, "");
  const root = hub.files(commit, "", own);
  const vae = folders.has("vae") && subfolder === undefined ? await hub.list(commit, "vae") : new Map();
  const hasVae = vae.has("config.json");
  const config =
    hasVae && own.has("config.json") ? await readJsonSource(await root.open("config.json")) : undefined;
  const choice = await chooseModelFolder({ config, files: [...own.keys()], hasVae }, id);
  return { name: id, files: choice.subfolder === "vae" ? hub.files(commit, "vae", vae) : root, ...choice };
}

/** @throws HUB for names that would lead elsewhere; INVALID_ARGUMENT for an address that is none. */
function questionOf(id: string, { subfolder, revision = "main", endpoint, token }: HubOptions): HubQuestion {
  checkHubId(id);
  checkRelativePath(revision, "Revision");
  if (subfolder !== undefined && subfolder !== "") checkRelativePath(subfolder, "Subfolder");
  const address = endpoint ?? "https://huggingface.co";
  if (!/^https?:$/.test(URL.canParse(address) ? new URL(address).protocol : "")) {
    const message = `endpoint: expected an http or https address, such as "https://huggingface.co".`;
    throw new VaekitError("INVALID_ARGUMENT", message);
  }
  return { id, revision, subfolder, endpoint: address.replace(/\/+$/, ""), token };
}

const remedies: HubRemedies = {
  giveToken: "pass a `token`",
  giveOwnToken: "pass a `token` of that account",
  renewToken: "Renew it in the hub's settings.",
  endpoint: "the option `endpoint`",
};

class Hub {
  readonly #question: HubQuestion;
  readonly #fetcher: FileFetcher;

  constructor(question: HubQuestion, fetcher: FileFetcher) {
    this.#question = question;
    this.#fetcher = fetcher;
  }

  /** The commit that the revision stands for; out of reach, the one that it stood for at the last visit. */
  async commit(): Promise<string> {
    const { id, endpoint, revision } = this.#question;
    if (isCommit(revision)) return revision;
    const url = `${endpoint}/api/models/${id}/revision/${encodeURIComponent(revision)}?expand=sha`;
    const info = await this.#json({ url, mayBeKept: "never" });
    const commit = isRecord(info) ? info.sha : undefined;
    if (typeof commit === "string" && isCommit(commit)) return commit;
    throw this.#nonsense();
  }

  /** A folder's files. */
  async list(commit: string, folder: string): Promise<Listing> {
    return (await this.listAll(commit, folder)).files;
  }

  async listAll(
    commit: string,
    folder: string,
  ): Promise<{ readonly files: Listing; readonly folders: ReadonlySet<string> }> {
    const { id, endpoint } = this.#question;
    const path = folder === "" ? "" : `/${encodedPath(folder)}`;
    const url = `${endpoint}/api/models/${id}/tree/${commit}${path}`;
    const entries = await this.#json({ url, mayBeKept: "always" });
    if (!Array.isArray(entries)) throw this.#nonsense();
    const files = new Map<string, number>();
    const folders = new Set<string>();
    for (const entry of entries as readonly unknown[]) {
      if (!isRecord(entry) || typeof entry.path !== "string") throw this.#nonsense();
      const name = entry.path.slice(folder === "" ? 0 : folder.length + 1);
      if (entry.type === "directory") folders.add(name);
      else if (entry.type === "file") files.set(name, sizeOf(entry));
    }
    return { files, folders };
  }

  files(commit: string, folder: string, listing: Listing): ModelFiles {
    const { id, endpoint } = this.#question;
    const name = folder === "" ? id : `${id}/${folder}`;
    const prefix = folder === "" ? "" : `${folder}/`;
    const pathOf = (file: string): string =>
      `${endpoint}/${id}/resolve/${commit}/${encodedPath(prefix + file)}`;
    const open = (file: string): Promise<BlobSource> => {
      const sizeBytes = listing.get(file);
      if (sizeBytes === undefined) return Promise.reject(this.#absent(name, file, listing));
      return this.#open({ url: pathOf(file), file: prefix + file, mayBeKept: "always", sizeBytes });
    };
    return openedOnce({ name, names: [...listing.keys()].sort(), pathOf, open });
  }

  #absent(name: string, file: string, listing: Listing): VaekitError {
    const remedy =
      file === "config.json"
        ? "Set `subfolder` to the VAE's folder; a single file opens by its URL, as …/resolve/main/vae.safetensors."
        : "The model's repository is broken: tell its owner.";
    return new VaekitError(
      "NOT_FOUND",
      `${name}: expected ${file}, found ${describeNames([...listing.keys()].sort())}. ${remedy}`,
    );
  }

  async #json(request: FileRequest): Promise<unknown> {
    const source = await this.#open(request);
    return readJsonSource(source).catch((error: unknown) => {
      throw this.#nonsense(error);
    });
  }

  async #open(request: FileRequest): Promise<BlobSource> {
    const refuse = (_: string, { status, headers }: Response): VaekitError => {
      const errorCode = headers.get("X-Error-Code");
      const refusal = refusalOf(this.#question, { status, errorCode }, remedies);
      // Of a hub that broke down a copy stands in, as of one that is not there.
      return refusal instanceof HubUnreachableError ? new UnreachableError("HUB", refusal.message) : refusal;
    };
    return this.#fetcher.open({ ...request, refuse }).catch((error: unknown) => {
      if (!(error instanceof UnreachableError) || error.code === "HUB") throw error;
      const { id, endpoint } = this.#question;
      const message = `${id}: the hub at ${endpoint} is out of reach: ${error.message}`;
      throw new VaekitError("HUB", message, { cause: error.cause });
    });
  }

  #nonsense(cause?: unknown): VaekitError {
    const { id, endpoint } = this.#question;
    const message = `${id}: expected the hub's answer from ${endpoint}, found something else. Check the option \`endpoint\`, and whether a login page stands between.`;
    return new VaekitError("HUB", message, { cause });
  }
}

/** Large files lie elsewhere, and are listed with what leads there. */
function sizeOf({ lfs, size }: Record<string, unknown>): number {
  return Number(isRecord(lfs) ? lfs.size : size);
}

const encodedPath = (path: string): string => path.split("/").map(encodeURIComponent).join("/");
