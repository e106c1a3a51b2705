/** Copies of files that the browser keeps from visit to visit: what is kept of each, and whether it still holds. */
import { messageOf } from "../errors.ts";
import { readJsonSource, parseSafetensors } from "../weights/index.ts";
import { blobSource } from "./blob-source.ts";

/** Where copies of a model's files are kept. A `Cache` of the browser is one. */
export interface ModelCache {
  /** The copy of an address; undefined where none is kept. */
  match(url: string): Promise<Response | undefined>;
  /** Keeps a copy of an address. */
  put(url: string, copy: Response): Promise<void>;
  /** Called for a copy that is damaged. */
  delete?(url: string): Promise<unknown>;
}

/** The cache of this origin that holds everything that vaekit keeps. */
const cacheName = "vaekit";

/** A copy, and what its server said of it. */
export interface KeptFile {
  readonly blob: Blob;
  readonly headers: Headers;
}

/** The copies, as far as they can be had: what fails costs a download, and no model. */
export class KeptFiles {
  readonly #cache: () => Promise<ModelCache>;
  readonly #onWarning: (message: string) => void;
  #isBroken = false;

  /** @param cache made when it is first needed. */
  constructor(cache: () => Promise<ModelCache>, onWarning: (message: string) => void) {
    this.#cache = cache;
    this.#onWarning = onWarning;
  }

  /** The copy of an address. One that is short, or no file of its kind, is thrown away. */
  async find(url: string): Promise<KeptFile | undefined> {
    return this.#try("read", async (cache) => {
      const response = await cache.match(url);
      if (response === undefined) return undefined;
      const { headers } = response;
      const blob = await response.blob();
      if (blob.size === Number(headers.get(sizeHeader)) && (await isSound(blob, url)))
        return { blob, headers };
      await cache.delete?.(url);
      return undefined;
    });
  }

  /**
   * Keeps a copy, if it is a file of its kind.
   *
   * @returns the copy where there is one, whose bytes need no memory any more; else what was given.
   */
  async keep(url: string, { blob, headers }: KeptFile): Promise<Blob> {
    if (!(await isSound(blob, url))) return blob;
    const copy = await this.#try("kept", async (cache) => {
      await cache.put(url, new Response(blob, { headers: keptHeaders(blob, headers) }));
      return (await cache.match(url))?.blob();
    });
    return copy?.size === blob.size ? copy : blob;
  }

  async #try<Result>(
    what: "read" | "kept",
    work: (cache: ModelCache) => Promise<Result>,
  ): Promise<Result | undefined> {
    if (this.#isBroken) return undefined;
    try {
      return await work(await this.#cache());
    } catch (error) {
      this.#isBroken = true;
      const reason = isQuota(error)
        ? "this page has no room left; clearModelCache() gives back what older models took"
        : messageOf(error);
      this.#onWarning(
        `Copies of the model's files cannot be ${what} (${reason}). It is opened without them.`,
      );
      return undefined;
    }
  }
}

/** The browser's own cache; undefined where it has none, as in pages that are not served over https. */
export function browserCache(): (() => Promise<ModelCache>) | undefined {
  const { caches } = globalThis as { caches?: CacheStorage };
  return caches === undefined ? undefined : () => caches.open(cacheName);
}

/**
 * Deletes all files of models that vaekit has kept for pages of this origin. Models that are open go on.
 *
 * @returns whether there were any.
 */
export async function clearModelCache(): Promise<boolean> {
  const { caches } = globalThis as { caches?: CacheStorage };
  return caches === undefined ? false : caches.delete(cacheName);
}

const sizeHeader = "content-length";

/** By these a later visit asks whether the file is still the same. */
const validators = ["etag", "last-modified"];

function keptHeaders(blob: Blob, headers: Headers): Headers {
  const kept = new Headers({ [sizeHeader]: String(blob.size), "content-type": "application/octet-stream" });
  for (const name of validators) {
    const value = headers.get(name);
    if (value !== null) kept.set(name, value);
  }
  return kept;
}

/** Whether two answers are about the same bytes, as far as the server tells. */
export function isSameFile(kept: Headers, now: Headers): boolean {
  const name = validators.find((each) => kept.get(each) !== null && now.get(each) !== null);
  return name !== undefined && opaqueTag(kept.get(name)!) === opaqueTag(now.get(name)!);
}

/** Without the mark of a weak one: a server that compresses sets it. */
const opaqueTag = (validator: string): string => validator.replace(/^W\//, "");

/** Whether a file is what its name says, as far as its header tells. */
async function isSound(blob: Blob, url: string): Promise<boolean> {
  const source = blobSource(blob, url);
  const isWeights = new URL(url).pathname.endsWith(".safetensors");
  return (isWeights ? parseSafetensors(source) : readJsonSource(source)).then(
    () => true,
    () => false,
  );
}

function isQuota(error: unknown): boolean {
  return error instanceof Error && error.name === "QuotaExceededError";
}
