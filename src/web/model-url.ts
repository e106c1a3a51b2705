/** From what a user writes for a model to the addresses of its files. */
import { VaekitError } from "../errors.ts";

/**
 * An address as an absolute URL without its part behind "#".
 *
 * @param subject the call, for messages: "openVae".
 * @param base what a relative address is relative to, as the page's or the worker's; undefined where there is none.
 * @throws INVALID_ARGUMENT when it is no address; UNSUPPORTED for "file:".
 */
export function absoluteUrl(address: string | URL, subject: string, base = pageUrl()): URL {
  const text = String(address);
  if (!URL.canParse(text, base)) {
    const message = `${subject}: ${text}: expected a hub id, or the URL of a model's folder or of its file. A relative one needs a page that it is relative to.`;
    throw new VaekitError("INVALID_ARGUMENT", message);
  }
  const url = new URL(text, base);
  if (url.protocol === "file:") {
    const message = `${text}: a file: address cannot be fetched. Serve the folder over HTTP, or pass the File that the user chose; in Node, open its path with vaekit/node.`;
    throw new VaekitError("UNSUPPORTED", message);
  }
  url.hash = "";
  return url;
}

/** The folder's URL, to which files can be appended. Its query, as of a signed address, goes with every file. */
export function folderUrl(url: URL, subfolder = ""): URL {
  const folder = new URL(url);
  const path = subfolder.split("/").map(encodeURIComponent).join("/");
  folder.pathname = `${folder.pathname.replace(/\/+$/, "")}/${path}`;
  if (!folder.pathname.endsWith("/")) folder.pathname += "/";
  return folder;
}

/** The address of a file in a folder. */
export function fileUrl(folder: URL, name: string): string {
  const url = new URL(folder);
  url.pathname += encodeURIComponent(name);
  return url.href;
}

function pageUrl(): string | undefined {
  const { document, location } = globalThis as { document?: Document; location?: Location };
  return document?.baseURI ?? location?.href;
}
