/**
 * One request to the hub: the token for the hub's own address only, redirects counted, and a limit to the waiting.
 * Refusals become errors that say what to do.
 */
import { throwIfAborted, VaekitError } from "../../errors.ts";
import { parseJson } from "../../files/index.ts";
import { isOfHub } from "./hub-address.ts";
import { beyondLimit, nonsense, reasonOf, refusal, unreachable } from "./hub-errors.ts";
import type { HubSettings } from "./options.ts";
import { Pace } from "./pace.ts";
import { fetchBy } from "./proxied-fetch.ts";
import { proxyFor } from "./proxy.ts";
import type { Proxy } from "./proxy.ts";

/** An answer whose body is not read yet. */
export interface HubAnswer {
  readonly response: Response;
  /** The body; rejects when it comes to a stop, or drips. */
  readonly chunks: AsyncGenerator<Uint8Array, void, undefined>;
}

/** The hub itself needs two: to a renamed model, and to its store of large files. */
const maxRedirects = 10;

/**
 * Sends one request, and follows redirects.
 * @throws {VaekitError} `NOT_FOUND` for 404, else `HUB`; `ABORTED` when the signal fires.
 */
export async function request(
  settings: HubSettings,
  address: string | URL,
  headers: Readonly<Record<string, string>> = {},
): Promise<HubAnswer> {
  let url = new URL(address);
  for (let redirects = 0; redirects <= maxRedirects; redirects++) {
    const hop = await send(settings, url, headers);
    const { response } = hop;
    if (response.status < 300 || response.status > 399) {
      // 416: nothing follows the part that is here; the caller asks for all of it.
      const isAnswer = response.ok || (response.status === 416 && headers.Range !== undefined);
      if (isAnswer) return { response, chunks: readChunks(settings, hop) };
      hop.controller.abort();
      throw refusal(settings, hop.proxy, response);
    }
    hop.controller.abort();
    url = nextAddress(settings, url, response.headers.get("Location"));
  }
  throw beyondLimit(settings, `redirects more than ${maxRedirects} times, in a circle perhaps`);
}

interface Hop {
  readonly response: Response;
  readonly controller: AbortController;
  readonly proxy: Proxy | undefined;
}

async function send(
  settings: HubSettings,
  url: URL,
  headers: Readonly<Record<string, string>>,
): Promise<Hop> {
  throwIfAborted(settings.signal);
  const sent = new Headers(headers);
  if (settings.token !== undefined && isOfHub(url, new URL(settings.endpoint))) {
    sent.set("Authorization", `Bearer ${settings.token}`);
  }
  const proxy = proxyFor(url, settings.variables);
  const fetchHere = await fetchBy(proxy);
  const controller = new AbortController();
  const response = await watch(settings, controller, proxy, settings.timeoutMs, () =>
    fetchHere(url, { headers: sent, signal: controller.signal, redirect: "manual" }),
  );
  return { response, controller, proxy };
}

function nextAddress(settings: HubSettings, from: URL, location: string | null): URL {
  if (location === null || !URL.canParse(location, from.href)) throw nonsense(settings);
  const to = new URL(location, from);
  const isWeb = to.protocol === "https:" || (to.protocol === "http:" && from.protocol === "http:");
  if (!isWeb || to.username !== "" || to.password !== "") {
    const found = `redirects from ${from.protocol}//${from.host} to ${to.protocol}//${to.host}, which is less safe`;
    throw beyondLimit(settings, found);
  }
  return to;
}

/** Runs one step of a request with a time limit and the caller's signal. */
async function watch<T>(
  settings: HubSettings,
  controller: AbortController,
  proxy: Proxy | undefined,
  limitMs: number,
  work: () => Promise<T>,
): Promise<T> {
  const { signal } = settings;
  const timer = setTimeout(() => {
    controller.abort(new Error(`no answer for ${limitMs / 1000} s`));
  }, limitMs);
  const forward = (): void => {
    controller.abort();
  };
  signal?.addEventListener("abort", forward, { once: true });
  try {
    return await work();
  } catch (error) {
    throwIfAborted(signal);
    throw unreachable(settings, proxy, reasonOf(error), error);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", forward);
  }
}

async function* readChunks(
  settings: HubSettings,
  { response, controller, proxy }: Hop,
): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = (response.body as ReadableStream<Uint8Array> | null)?.getReader();
  if (reader === undefined) return;
  const pace = new Pace(settings.idleTimeoutMs);
  let isDone = false;
  try {
    while (!isDone) {
      throwIfAborted(settings.signal);
      const startMs = performance.now();
      const step = await watch(settings, controller, proxy, settings.idleTimeoutMs, () => reader.read());
      isDone = step.done;
      const tooSlow = pace.add(performance.now() - startMs, step.value?.byteLength ?? 0);
      if (!isDone && tooSlow !== undefined) throw unreachable(settings, proxy, tooSlow);
      if (step.value !== undefined) yield step.value;
    }
  } finally {
    // A reader that stops early must not leave the connection open.
    if (!isDone) controller.abort();
  }
}

/** What one question to the hub's API may take, all pages of a listing together. */
const apiLimits = { pages: 100, bytes: 32 * 2 ** 20, waits: 8 };

/** An answer of the API. */
export interface ApiAnswer {
  /** Whatever it is. */
  readonly json: unknown;
  /** The header that says where a listing goes on; empty without one. */
  readonly link: string;
}

/**
 * Asks the API, page after page of one question, within limits. The endpoint's host alone is asked, wherever the next page is said
 * to be.
 */
export function apiAnswer(settings: HubSettings): (address: string) => Promise<ApiAnswer> {
  let pages = 0;
  let bytes = 0;
  const limitMs = apiLimits.waits * settings.timeoutMs;
  const startMs = performance.now();
  const check = (): void => {
    const passed = performance.now() - startMs;
    if (pages > apiLimits.pages) throw beyondLimit(settings, `lists files without end (${pages} pages)`);
    if (bytes > apiLimits.bytes) throw beyondLimit(settings, `answers without end (${bytes} bytes)`);
    if (passed > limitMs) throw unreachable(settings, undefined, `no whole answer for ${limitMs / 1000} s`);
  };
  return async (address) => {
    const url = new URL(address);
    if (!isOfHub(url, new URL(settings.endpoint))) {
      throw beyondLimit(settings, `goes on at another host, ${url.host}`);
    }
    pages++;
    check();
    const { response, chunks } = await request(settings, url, { Accept: "application/json" });
    const parts: Uint8Array[] = [];
    for await (const chunk of chunks) {
      bytes += chunk.byteLength;
      check();
      parts.push(chunk);
    }
    const limits = { maxBytes: apiLimits.bytes };
    const json = parseJson(Buffer.concat(parts), { name: "the answer", limits });
    return { json, link: response.headers.get("Link") ?? "" };
  };
}

/** Asks the hub; what is not an error of ours means an answer that cannot be read. */
export async function readAnswer<T>(settings: HubSettings, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const isOurs = error instanceof VaekitError && !error.code.startsWith("INVALID");
    throw isOurs ? error : nonsense(settings, error);
  }
}
