/** A file by HTTP, whole, as a Blob, with errors that say how far it came. */
import { abortedError, messageOf, throwIfAborted, VaekitError } from "../errors.ts";

/** The error for an answer that refuses. */
export type Refuse = (url: string, response: Response) => VaekitError;

export interface SendOptions {
  readonly signal?: AbortSignal | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** @default what HTTP's status says */
  readonly refuse?: Refuse | undefined;
  /**
   * "no-store" for a file that is kept elsewhere: the browser's own cache would hold it a second time, and Firefox's breaks off
   * what is too large for it.
   */
  readonly cache?: "default" | "no-store";
}

/** How a file is asked for, and how many bytes it may have. */
export interface FetchOptions extends SendOptions {
  /** A file with more is refused before it fills the memory. */
  readonly maxBytes: number;
  /** Told of the bytes that came, and of all that will come as far as the server says. */
  readonly onBytes?: (loadedBytes: number, totalBytes: number | undefined) => void;
}

/** A file, and what the server says of it. */
export interface FetchedFile {
  /** Unpacked where the server had compressed it. */
  readonly blob: Blob;
  readonly headers: Headers;
}

/**
 * @throws NOT_FOUND, IO when the server refuses, cannot be reached or breaks off, INVALID_FILE above `maxBytes`, ABORTED
 */
export async function fetchFile(url: string, options: FetchOptions): Promise<FetchedFile> {
  const response = await send(url, options);
  const { body, headers } = response;
  if (body === null) return { blob: new Blob([]), headers };
  const announced = announcedBytes(response);
  if (announced !== undefined && announced > options.maxBytes) {
    await body.cancel();
    throw tooLarge(url, announced, options.maxBytes);
  }
  return { blob: await readBody(url, body, announced, options), headers };
}

/** @throws as {@link fetchFile}, but for the size. */
export async function send(
  url: string,
  { signal, headers = {}, refuse = refusalByStatus, cache = "default" }: SendOptions,
  { method = "GET" }: { readonly method?: "GET" | "HEAD" } = {},
): Promise<Response> {
  throwIfAborted(signal);
  checkHeaders(headers);
  const request = { method, headers, cache, ...(signal === undefined ? {} : { signal }) };
  const response = await fetch(url, request).catch((error: unknown) => {
    if (signal?.aborted === true) throw abortedError(signal);
    throw unreachable(url, error);
  });
  if (response.ok) return response;
  await response.body?.cancel();
  throw refuse(url, response);
}

/** No server answered, or none that can work or be read from here: a copy that was kept can stand in. */
export class UnreachableError extends VaekitError {}

function unreachable(url: string, cause: unknown): UnreachableError {
  const remedy = isOffline()
    ? "The browser is offline: connect, and try again."
    : "Is the address right, the server up, and does it allow other origins (CORS)?";
  return new UnreachableError("IO", `${url}: could not be fetched (${messageOf(cause)}). ${remedy}`, {
    cause,
  });
}

function isOffline(): boolean {
  const { navigator } = globalThis as { navigator?: { readonly onLine?: boolean } };
  return navigator?.onLine === false;
}

function refusalByStatus(url: string, { status }: Response): VaekitError {
  const message = `${url}: expected the file, found HTTP ${status}.${hintFor(status)}`;
  if (status === 429 || status >= 500) return new UnreachableError("IO", message);
  return new VaekitError(status === 404 || status === 410 ? "NOT_FOUND" : "IO", message);
}

function hintFor(status: number): string {
  if (status === 404 || status === 410) return " Check the address.";
  if (status === 401 || status === 403) return " Pass an authorisation in the option headers.";
  return status === 429 || status >= 500 ? " The server is busy or broken: try again later." : "";
}

/** @throws INVALID_ARGUMENT for a name or a value that HTTP does not allow. */
function checkHeaders(headers: Readonly<Record<string, string>>): void {
  try {
    new Headers(headers);
  } catch (error) {
    throw new VaekitError("INVALID_ARGUMENT", `headers: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/**
 * What the server says of the body's length; a compressed one has another when it is unpacked. Of another origin nothing tells
 * that it was compressed.
 */
function announcedBytes({ headers }: Response): number | undefined {
  const length = Number(headers.get("content-length") ?? NaN);
  return headers.get("content-encoding") === null && Number.isSafeInteger(length) ? length : undefined;
}

async function readBody(
  url: string,
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  announced: number | undefined,
  { signal, maxBytes, onBytes }: FetchOptions,
): Promise<Blob> {
  const pieces = new BlobPieces();
  const reader = body.getReader();
  const far = (): string =>
    `after ${pieces.byteLength}${announced === undefined ? "" : ` of ${announced}`} bytes`;
  const read = (): Promise<ReadableStreamReadResult<Uint8Array<ArrayBuffer>>> =>
    reader.read().catch((error: unknown) => {
      throwIfAborted(signal);
      throw brokenOff(`${url}: the connection broke ${far()}`, error);
    });
  let isDone = false;
  try {
    for (;;) {
      const { done, value } = await read();
      throwIfAborted(signal);
      isDone = done;
      if (done) break;
      pieces.add(value);
      const { byteLength } = pieces;
      if (byteLength > maxBytes) throw tooLarge(url, byteLength, maxBytes);
      onBytes?.(byteLength, announced === undefined || byteLength > announced ? undefined : announced);
    }
  } finally {
    if (!isDone) await reader.cancel().catch(() => undefined);
  }
  if (announced === undefined || pieces.byteLength >= announced) return pieces.whole();
  throw brokenOff(`${url}: the server ended ${far()}`);
}

function brokenOff(what: string, cause?: unknown): VaekitError {
  const reason = cause === undefined ? "" : ` (${messageOf(cause)})`;
  return new VaekitError("IO", `${what}${reason}. Try again.`, { cause });
}

/** Bytes leave the heap for a Blob, which the browser can put on the disk, whenever there are so many. */
const pieceBytes = 2 ** 23;

class BlobPieces {
  byteLength = 0;
  readonly #pieces: Blob[] = [];
  #chunks: Uint8Array<ArrayBuffer>[] = [];
  #chunkBytes = 0;

  add(chunk: Uint8Array<ArrayBuffer>): void {
    this.#chunks.push(chunk);
    this.#chunkBytes += chunk.byteLength;
    this.byteLength += chunk.byteLength;
    if (this.#chunkBytes >= pieceBytes) this.#seal();
  }

  whole(): Blob {
    this.#seal();
    return new Blob(this.#pieces);
  }

  #seal(): void {
    this.#pieces.push(new Blob(this.#chunks));
    this.#chunks = [];
    this.#chunkBytes = 0;
  }
}

function tooLarge(url: string, found: number, most: number): VaekitError {
  const message = `${url}: expected at most ${most} bytes, found ${found} or more. Is this the file that was meant?`;
  return new VaekitError("INVALID_FILE", message);
}
