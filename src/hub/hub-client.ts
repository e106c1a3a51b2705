/**
 * `fetch` for the hub: adds the token for the hub's own address only, limits the waiting, and turns refusals
 * into errors that say what to do. `@huggingface/hub` calls the API through it.
 */
import { messageOf, throwIfAborted, VaekitError } from "../errors.ts";
import type { HubSettings } from "./options.ts";

/** The hub could not be reached or broke down: a cached copy may stand in. */
export class HubUnreachableError extends VaekitError {}

/** An answer whose body is not read yet. */
export interface HubAnswer {
  readonly response: Response;
  /** The body; rejects when no byte arrives for `idleTimeoutMs`. */
  readonly chunks: AsyncGenerator<Uint8Array, void, undefined>;
}

/** A `fetch` that answers with the whole body in memory, for API calls. */
export function apiFetch(settings: HubSettings): typeof fetch {
  return async (input, init) => {
    const { response, chunks } = await request(settings, input, init);
    const parts: Uint8Array[] = [];
    for await (const chunk of chunks) parts.push(chunk);
    const body = new Blob(parts as BlobPart[]);
    return new Response(body, { status: response.status, headers: response.headers });
  };
}

/**
 * Sends one request.
 * @throws {VaekitError} `NOT_FOUND` for 404, else `HUB`; `ABORTED` when the signal fires.
 */
export async function request(
  settings: HubSettings,
  input: string | URL | Request,
  init: RequestInit = {},
): Promise<HubAnswer> {
  throwIfAborted(settings.signal);
  const url = new URL(input instanceof Request ? input.url : input);
  const headers = new Headers(init.headers);
  if (settings.token !== undefined && url.origin === new URL(settings.endpoint).origin) {
    headers.set("Authorization", `Bearer ${settings.token}`);
  }
  const controller = new AbortController();
  const watch = watchFor(settings, controller);
  const response = await watch(settings.timeoutMs, () =>
    fetch(url, { ...init, headers, signal: controller.signal }),
  );
  if (!response.ok) {
    controller.abort();
    throw refusal(settings, response);
  }
  return { response, chunks: readChunks(response, watch, controller, settings.idleTimeoutMs) };
}

type Watch = <T>(limitMs: number, work: () => Promise<T>) => Promise<T>;

/** Runs one step of a request with a time limit and the caller's signal. */
function watchFor(settings: HubSettings, controller: AbortController): Watch {
  const { signal } = settings;
  return async (limitMs, work) => {
    const late = new Error(`no answer for ${limitMs / 1000} s`);
    const timer = setTimeout(() => {
      controller.abort(late);
    }, limitMs);
    const forward = (): void => {
      controller.abort();
    };
    signal?.addEventListener("abort", forward, { once: true });
    try {
      return await work();
    } catch (error) {
      throwIfAborted(signal);
      throw unreachable(settings, reasonOf(error), error);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", forward);
    }
  };
}

async function* readChunks(
  response: Response,
  watch: Watch,
  controller: AbortController,
  idleMs: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = response.body?.getReader();
  if (reader === undefined) return;
  let isDone = false;
  try {
    while (!isDone) {
      const step = await watch(idleMs, () => reader.read());
      isDone = step.done;
      if (step.value !== undefined) yield step.value;
    }
  } finally {
    // A reader that stops early must not leave the connection open.
    if (!isDone) controller.abort();
  }
}

/** `fetch failed` says nothing; its cause does. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  if (code === "ECONNREFUSED") return "connection refused";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "no such host";
  if (code === "UND_ERR_SOCKET" || code === "ECONNRESET") return "the connection broke";
  return cause instanceof Error && cause.message !== "" ? cause.message : messageOf(error);
}

function unreachable(settings: HubSettings, reason: string, cause?: unknown): HubUnreachableError {
  return new HubUnreachableError(
    "HUB",
    `${settings.id}: the hub at ${settings.endpoint} is out of reach: ${reason}. ` +
      "Check the connection and HF_ENDPOINT, and try again.",
    { cause },
  );
}

function refusal(settings: HubSettings, response: Response): VaekitError {
  const { id, endpoint, revision, token } = settings;
  const where = `${id}: the hub at ${endpoint} answered ${response.status}`;
  const errorCode = response.headers.get("X-Error-Code");
  if (response.status === 404)
    return new VaekitError("NOT_FOUND", `${where}: ${absence(settings, errorCode)}`);
  if (errorCode === "GatedRepo" || response.status === 403) {
    const remedy = `Accept its terms at ${endpoint}/${id}, then set HF_TOKEN to a token of that account.`;
    return new VaekitError("HUB", `${where}: the model is gated or closed to you. ${remedy}`);
  }
  if (response.status === 401) {
    // The hub does not tell strangers whether a private model exists.
    const remedy =
      token === undefined
        ? "no such model, or it is private or gated. Check the id, or set HF_TOKEN."
        : "the token was refused. Check HF_TOKEN, or renew it with `hf auth login`.";
    return new VaekitError("HUB", `${where}: ${remedy}`);
  }
  if (response.status === 429 || response.status >= 500) {
    const fault = response.status === 429 ? "too many requests" : "the hub's own fault";
    return new HubUnreachableError("HUB", `${where}: ${fault}. Try again later (revision ${revision}).`);
  }
  return new VaekitError("HUB", `${where}. Check the id, the revision (${revision}) and HF_ENDPOINT.`);
}

function absence(settings: HubSettings, errorCode: string | null): string {
  if (errorCode === "RevisionNotFound")
    return `no revision "${settings.revision}". Check the branch, tag or commit.`;
  if (errorCode === "EntryNotFound") {
    return `no such file or folder (subfolder ${JSON.stringify(settings.subfolder ?? "")}). Check the subfolder.`;
  }
  return "no such model or it is private; check the id, or set HF_TOKEN.";
}
