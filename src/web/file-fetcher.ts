/** Files by HTTP for one opening of a model: asked for once, kept for the next visit, told of on the way. */
import { throwIfAborted, VaekitError } from "../errors.ts";
import { jsonLimits, type FileProgress } from "../files/index.ts";
import { blobSource, type BlobSource } from "./blob-source.ts";
import { fetchFile, send, UnreachableError, type Refuse } from "./fetch-file.ts";
import { isSameFile, type KeptFile, type KeptFiles } from "./kept-files.ts";

/** How all files of a model are fetched. */
export interface FetcherOptions {
  readonly signal?: AbortSignal | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly kept?: KeptFiles | undefined;
  readonly onProgress?: ((progress: FileProgress) => void) | undefined;
  readonly onWarning: (message: string) => void;
}

/** One file. */
export interface FileRequest {
  readonly url: string;
  /** What progress calls it; undefined for an answer that is no file of the model's. */
  readonly file?: string;
  /**
   * "always": the address never leads to other bytes, and a copy is as good. "same": the server is asked whether the copy is
   * still the same. "never": it is asked for the file each time. Where no server can be reached, a copy stands in.
   */
  readonly mayBeKept: "always" | "same" | "never";
  /** Of the file, where it is known beforehand. */
  readonly sizeBytes?: number | undefined;
  /** The error for an answer that refuses. */
  readonly refuse?: Refuse | undefined;
}

/** WebAssembly's memory ends here. */
const maxWeightsBytes = 2 ** 32;

export class FileFetcher {
  readonly #options: FetcherOptions;

  constructor(options: FetcherOptions) {
    this.#options = options;
  }

  /** @throws NOT_FOUND, IO, INVALID_FILE, ABORTED, and what `refuse` gives. */
  async open(request: FileRequest): Promise<BlobSource> {
    const { url, sizeBytes } = request;
    const { signal } = this.#options;
    const keptFiles = /^https?:/.test(url) ? this.#options.kept : undefined;
    const kept = await keptFiles?.find(url);
    throwIfAborted(signal);
    if (kept !== undefined && (sizeBytes ?? kept.blob.size) === kept.blob.size) {
      if (await this.#mayStandIn(kept, request)) return blobSource(kept.blob, url);
    }
    try {
      const fetched = await this.#fetch(request, keptFiles === undefined ? "default" : "no-store");
      const blob = (await keptFiles?.keep(url, fetched)) ?? fetched.blob;
      throwIfAborted(signal);
      return blobSource(blob, url);
    } catch (error) {
      if (kept === undefined || !(error instanceof UnreachableError)) throw error;
      return blobSource(this.#standIn(kept, error), url);
    }
  }

  async #mayStandIn(kept: KeptFile, request: FileRequest): Promise<boolean> {
    const { url, mayBeKept } = request;
    if (mayBeKept !== "same") return mayBeKept === "always";
    // A question without a body, and without a header that other origins would have to allow.
    const answer = await send(url, this.#options, { method: "HEAD" }).catch((error: unknown) => error);
    if (answer instanceof Response) return isSameFile(kept.headers, answer.headers);
    if (answer instanceof VaekitError && answer.code === "ABORTED") throw answer;
    if (!(answer instanceof UnreachableError)) return false;
    this.#standIn(kept, answer);
    return true;
  }

  #standIn({ blob }: KeptFile, error: UnreachableError): Blob {
    this.#options.onWarning(`${error.message} The copy that was kept is used.`);
    return blob;
  }

  async #fetch(
    { url, file, sizeBytes, refuse }: FileRequest,
    cache: "default" | "no-store",
  ): Promise<KeptFile> {
    const { onProgress } = this.#options;
    const maxBytes = file === undefined || file.endsWith(".json") ? jsonLimits.maxBytes : maxWeightsBytes;
    const fetched = await fetchFile(url, {
      ...this.#options,
      maxBytes,
      refuse,
      cache,
      onBytes: (loadedBytes, announced) => {
        if (file !== undefined) onProgress?.({ file, loadedBytes, totalBytes: sizeBytes ?? announced });
      },
    });
    const { size } = fetched.blob;
    if (sizeBytes === undefined || size === sizeBytes) return fetched;
    throw new VaekitError(
      "IO",
      `${url}: expected ${sizeBytes} bytes, as the hub lists, found ${size}. Try again.`,
    );
  }
}
