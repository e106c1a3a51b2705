/** The files of a model behind an address. */
import { VaekitError } from "../errors.ts";
import type { ModelFiles } from "../weights/index.ts";
import type { BlobSource } from "./blob-source.ts";
import type { FileFetcher } from "./file-fetcher.ts";
import { openedOnce, type FoundFile, type FoundFolder } from "./found-model.ts";
import { fileUrl, folderUrl } from "./model-url.ts";

/** What a caller calls an address, and the address. */
export interface NamedUrl {
  readonly name: string;
  readonly url: URL;
}

/**
 * The folder itself, or `vae` in it where it has no config.json, as a pipeline has none.
 *
 * @throws NOT_FOUND when neither has one, and as `FileFetcher.open`.
 */
export async function folderAtUrl(
  { name, url }: NamedUrl,
  subfolder: string | undefined,
  fetcher: FileFetcher,
): Promise<FoundFolder> {
  if (subfolder !== undefined)
    return { name, files: filesIn(folderUrl(url, subfolder), fetcher), warnings: [] };
  const own = filesIn(folderUrl(url), fetcher);
  if (await isThere(own)) return { name, files: own, warnings: [] };
  const vae = filesIn(folderUrl(url, "vae"), fetcher);
  return { name, files: (await isThere(vae)) ? vae : own, warnings: [] };
}

/** @throws as `FileFetcher.open` */
export async function fileAtUrl({ name, url }: NamedUrl, fetcher: FileFetcher): Promise<FoundFile> {
  return { name, source: await openUrl(url.href, fetcher) };
}

function filesIn(folder: URL, fetcher: FileFetcher): ModelFiles {
  const pathOf = (file: string): string => fileUrl(folder, file);
  return openedOnce({
    name: folder.href,
    names: undefined,
    pathOf,
    open: (file) => openUrl(pathOf(file), fetcher),
  });
}

async function isThere(files: ModelFiles): Promise<boolean> {
  try {
    await files.open("config.json");
    return true;
  } catch (error) {
    if (error instanceof VaekitError && error.code === "NOT_FOUND") return false;
    throw error;
  }
}

/** @throws as `FileFetcher.open` */
export function openUrl(url: string, fetcher: FileFetcher): Promise<BlobSource> {
  const path = new URL(url).pathname;
  const file = decodeURIComponent(path.slice(path.lastIndexOf("/") + 1));
  return fetcher.open({ url, file, mayBeKept: commitOfHub.test(path) ? "always" : "same" });
}

/** A path on the hub that names a commit, whose files never change. */
const commitOfHub = /\/resolve\/[0-9a-f]{40}\//;
