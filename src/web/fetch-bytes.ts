/** A file by HTTP, whole, with errors that say how far it came. */
import { abortedError, messageOf, throwIfAborted, VaekitError } from "../errors.ts";

export interface FetchOptions {
  readonly signal?: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
  /** A file with more is refused before it fills the memory. */
  readonly maxBytes: number;
}

/**
 * @returns the file's bytes, unpacked where the server had compressed them.
 * @throws NOT_FOUND, IO when the server refuses, cannot be reached or breaks off, INVALID_FILE above `maxBytes`, ABORTED
 */
export async function fetchBytes(url: string, options: FetchOptions): Promise<Uint8Array<ArrayBuffer>> {
  const response = await send(url, options);
  if (response.body === null) return new Uint8Array(0);
  const announced = announcedBytes(response);
  if (announced !== undefined && announced > options.maxBytes) {
    await response.body.cancel();
    throw tooLarge(url, announced, options.maxBytes);
  }
  return readBody(url, response.body, announced, options);
}

async function send(url: string, { signal, headers = {} }: FetchOptions): Promise<Response> {
  throwIfAborted(signal);
  checkHeaders(headers);
  const request = { headers, ...(signal === undefined ? {} : { signal }) };
  const response = await fetch(url, request).catch((error: unknown) => {
    if (signal?.aborted === true) throw abortedError(signal);
    const message = `${url}: could not be fetched (${messageOf(error)}). Is the address right, the server up, and does it allow other origins (CORS)?`;
    throw new VaekitError("IO", message, { cause: error });
  });
  if (response.ok) return response;
  await response.body?.cancel();
  const { status } = response;
  const hint = hintFor(status);
  const code = status === 404 || status === 410 ? "NOT_FOUND" : "IO";
  throw new VaekitError(code, `${url}: expected the file, found HTTP ${status}.${hint}`);
}

function hintFor(status: number): string {
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

/** What the server says of the body's length; a compressed one has another when it is unpacked. */
function announcedBytes({ headers }: Response): number | undefined {
  const length = Number(headers.get("content-length") ?? NaN);
  return headers.get("content-encoding") === null && Number.isSafeInteger(length) ? length : undefined;
}

async function readBody(
  url: string,
  body: ReadableStream<Uint8Array>,
  announced: number | undefined,
  { signal, maxBytes }: FetchOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  // In place where the length is known: two copies of a model's weights may not fit.
  let bytes = new Uint8Array(Math.min(announced ?? firstBytes, mostAtOnce));
  let count = 0;
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (count + value.length > maxBytes) throw tooLarge(url, count + value.length, maxBytes);
      if (count + value.length > bytes.length) bytes = grown(bytes, count + value.length, maxBytes);
      bytes.set(value, count);
      count += value.length;
    }
  } catch (error) {
    await reader.cancel().catch(() => undefined);
    if (signal?.aborted === true) throw abortedError(signal);
    if (error instanceof VaekitError) throw error;
    const of = announced === undefined ? "" : ` of ${announced}`;
    const message = `${url}: the connection broke after ${count}${of} bytes (${messageOf(error)}). Try again.`;
    throw new VaekitError("IO", message, { cause: error });
  }
  return count === bytes.length ? bytes : bytes.slice(0, count);
}

const firstBytes = 2 ** 16;
/** What is reserved on a server's word alone. */
const mostAtOnce = 2 ** 31;

function grown(bytes: Uint8Array, least: number, most: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.min(most, Math.max(least, 2 * bytes.length)));
  larger.set(bytes);
  return larger;
}

function tooLarge(url: string, found: number, most: number): VaekitError {
  const message = `${url}: expected at most ${most} bytes, found ${found} or more. Is this the file that was meant?`;
  return new VaekitError("INVALID_FILE", message);
}
