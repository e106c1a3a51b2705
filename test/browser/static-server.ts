/** Serves folders on 127.0.0.1 as a good host does, with switches for what hosts do wrong. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { pipeline } from "node:stream/promises";
import { setTimeout as pause } from "node:timers/promises";

/** What is wrong with a file: what the server does instead of sending it. */
export type Fault =
  /** No header that lets pages of another origin read it. */
  | "no-cors"
  /** A page of HTML with status 200, as single-page applications answer to everything. */
  | "html"
  /** Half of the bytes, then the end of the connection. */
  | "truncated"
  /** A few bytes now and then. */
  | "slow"
  /** A few bytes, then nothing. */
  | "stalled"
  /** An HTTP status. */
  | number;

/** A request that was answered. */
export interface ServedRequest {
  readonly path: string;
  readonly range?: string;
  /** Bytes of the body that were sent. */
  bytes: number;
}

export interface StaticServerOptions {
  /** The folder for each beginning of a path: `{ "/": "site", "/model/": "assets/default-vae" }`; the longest counts. */
  readonly folders: Readonly<Record<string, string>>;
  /** Whether pages are isolated (COOP, COEP) and so may have threads. @default false */
  readonly isIsolated?: boolean;
}

export interface StaticServer {
  readonly origin: string;
  /** Every request since the last clear. */
  readonly requests: ServedRequest[];
  /** What is wrong, by the end of the path: `server.faults["config.json"] = "html"`. */
  faults: Record<string, Fault>;
  close(): Promise<void>;
}

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".wasm": "application/wasm",
  ".png": "image/png",
  ".svg": "image/svg+xml",
};

const page = "<!doctype html><html><body><div id=root></div></body></html>";

/** Nothing stays in the browser's HTTP cache, so that `requests` has all that a page asks for. */
const always = { "cache-control": "no-store", "cross-origin-resource-policy": "cross-origin" };
const isolation = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

/** Starts a server on a free port. Two of them are two origins. */
export async function startStaticServer(options: StaticServerOptions): Promise<StaticServer> {
  const state = { requests: [] as ServedRequest[], faults: {} as Record<string, Fault> };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname);
    const served: ServedRequest = { path, range: request.headers.range, bytes: 0 };
    state.requests.push(served);
    const fault = Object.entries(state.faults).find(([end]) => path.endsWith(end))?.[1];
    const headers = {
      ...always,
      ...(options.isIsolated === true ? isolation : {}),
      ...(fault === "no-cors" ? {} : { "access-control-allow-origin": "*" }),
    };
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    if (fault === "html") response.writeHead(200, { "content-type": types[".html"] }).end(page);
    else if (typeof fault === "number") response.writeHead(fault).end();
    else await sendFile(fileOf(options.folders, path), { request, response, served, fault });
  };
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(state, {
    origin: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  });
}

function fileOf(folders: StaticServerOptions["folders"], path: string): string | undefined {
  const [start, folder] =
    Object.entries(folders)
      .filter(([each]) => path.startsWith(each))
      .sort(([a], [b]) => b.length - a.length)[0] ?? [];
  if (start === undefined || folder === undefined) return undefined;
  const rest = path.slice(start.length);
  return join(folder, normalize(`/${rest === "" || rest.endsWith("/") ? `${rest}index.html` : rest}`));
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly served: ServedRequest;
  readonly fault: Fault | undefined;
}

async function sendFile(file: string | undefined, exchange: Exchange): Promise<void> {
  const { request, response, served, fault } = exchange;
  const size =
    file === undefined
      ? undefined
      : await stat(file).then(
          (found) => found.size,
          () => undefined,
        );
  if (file === undefined || size === undefined) {
    response.writeHead(404).end();
    return;
  }
  const { start, end, status } = partOf(request.headers.range, size);
  response.writeHead(status, {
    "content-type": types[extname(file)] ?? "application/octet-stream",
    "content-length": end - start,
    "accept-ranges": "bytes",
    etag: `"${size}"`,
    ...(status === 206 ? { "content-range": `bytes ${start}-${end - 1}/${size}` } : {}),
  });
  if (request.method === "HEAD" || end === start) {
    response.end();
    return;
  }
  const bytes = createReadStream(file, { start, end: end - 1 });
  bytes.on("data", (chunk) => (served.bytes += chunk.length));
  await (fault === undefined || fault === "no-cors"
    ? pipeline(bytes, response)
    : sendBadly(bytes, response, { fault, size: end - start }));
}

/** The bytes that a Range header asks for; all of them where there is none, or one of another form. */
function partOf(range: string | undefined, size: number): { start: number; end: number; status: number } {
  const [, first = "", last = ""] = /^bytes=(\d*)-(\d*)$/.exec(range ?? "") ?? [];
  if (first === "" && last === "") return { start: 0, end: size, status: 200 };
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size : Math.min(size, Number(last) + 1);
  return { start: Math.min(start, end), end, status: 206 };
}

const piece = 4096;

async function sendBadly(
  bytes: AsyncIterable<Buffer>,
  response: ServerResponse,
  { fault, size }: { fault: Fault; size: number },
): Promise<void> {
  let sent = 0;
  for await (const chunk of bytes) {
    for (let at = 0; at < chunk.length; at += piece) {
      if (fault === "stalled" && sent >= piece) return;
      if (fault === "truncated" && sent >= size / 2) {
        // The bytes are under way; they arrive before the line is cut.
        await pause(50);
        response.destroy();
        return;
      }
      const part = chunk.subarray(at, at + piece);
      response.write(part);
      sent += part.length;
      if (fault === "slow") await pause(10);
    }
  }
  response.end();
}
