/** From what a user writes for a model's folder to the addresses of its files. */
import { VaekitError } from "../errors.ts";

/**
 * The folder of a model as an absolute URL; its query, as of a signed address, goes with every file.
 *
 * @param subject the call, for messages: "fromPretrained".
 * @param base what a relative address is relative to, as the page's or the worker's; undefined where there is none.
 * @throws INVALID_ARGUMENT when it is no address, a single file's, or a hub id; UNSUPPORTED for "file:".
 */
export function folderUrl(address: string | URL, subject: string, base = pageUrl()): URL {
  const invalid = (message: string): VaekitError =>
    new VaekitError("INVALID_ARGUMENT", `${subject}: ${message}`);
  const text = String(address);
  if (typeof address === "string" && hubIdForm.test(text)) {
    throw invalid(
      `${text}: expected the URL of a model's folder, found what may be a hub id. Write https://huggingface.co/${text}/resolve/main for its files on the hub (with /vae behind it where the model is in that folder), or ./${text} for a folder beside the page.`,
    );
  }
  if (!URL.canParse(text, base)) {
    throw invalid(
      `${text}: expected the URL of a model's folder. A relative one needs a page that it is relative to.`,
    );
  }
  const url = new URL(text, base);
  if (url.protocol === "file:") {
    const message = `${text}: a file: address cannot be fetched. Serve the folder over HTTP; in Node, open its path with vaekit/node.`;
    throw new VaekitError("UNSUPPORTED", message);
  }
  if (/\.(safetensors|json)$/.test(url.pathname)) {
    throw invalid(
      `${text}: expected the URL of a folder with config.json and diffusion_pytorch_model.safetensors, found that of a single file. Give the folder's; single files open in Node, with fromSingleFile.`,
    );
  }
  url.hash = "";
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return url;
}

/** The address of a file in a folder. */
export function fileUrl(folder: URL, name: string): string {
  const url = new URL(folder);
  url.pathname += encodeURIComponent(name);
  return url.href;
}

/** ORG/NAME, of which a relative address to two folders cannot be told apart. */
const hubIdForm = /^[\w-][\w.-]*\/[\w.-]+$/;

function pageUrl(): string | undefined {
  const { document, location } = globalThis as { document?: Document; location?: Location };
  return document?.baseURI ?? location?.href;
}
