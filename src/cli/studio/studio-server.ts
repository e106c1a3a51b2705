/** Serves files to pages of this machine alone: GET and HEAD of a list of files, whole or in parts, and nothing else. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type OutgoingHttpHeaders, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream/promises";
import { VaekitError } from "../../node/index.ts";
import { byteRangeOf } from "./byte-range.ts";
import { mimeTypeOf } from "./mime-types.ts";
import type { ServedFiles } from "./studio-files.ts";

export interface StudioServer {
  /** The page's address. */
  readonly url: string;
  /** Ends it at once: what is being sent is cut. */
  close(): Promise<void>;
}

/** This machine, for itself: nobody else reaches it there. */
const host = "127.0.0.1";

/** Of every answer. */
const headersOfAll: OutgoingHttpHeaders = {
  // The page is isolated from other origins, so browsers let it use threads.
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "cross-origin-resource-policy": "same-origin",
  // No request to another origin, whatever a model's folder holds.
  "content-security-policy":
    "default-src 'self' blob: data:; script-src 'self' 'wasm-unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  // Asked for again at each visit, which costs nothing here: the next visit may be to another model.
  "cache-control": "no-cache",
};

/**
 * @param port 0 for any that is free.
 * @throws IO where the port is taken or forbidden.
 */
export async function startStudioServer(files: ServedFiles, port: number): Promise<StudioServer> {
  const server = createServer((request, response) => {
    answer(files, request, response).catch(() => response.destroy());
  });
  await listen(server, port);
  const { port: given } = server.address() as AddressInfo;
  return {
    url: `http://${host}:${given}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(new VaekitError("IO", listenMessage(error, port), { cause: error }));
    });
    server.listen(port, host, resolve);
  });
}

function listenMessage({ code, message }: NodeJS.ErrnoException, port: number): string {
  const remedy = "Choose another one with `port`, or 0 for any that is free.";
  if (code === "EADDRINUSE") return `port: ${port} is taken by another program. ${remedy}`;
  if (code === "EACCES") return `port: ${port} is not allowed to programs of yours. ${remedy}`;
  return `port: the studio cannot be served at ${host}:${port}: ${message}. ${remedy}`;
}

async function answer(files: ServedFiles, request: IncomingMessage, response: ServerResponse): Promise<void> {
  for (const [name, value] of Object.entries(headersOfAll)) if (value !== undefined) response.setHeader(name, value);
  if (!isForThisServer(request)) refuse(response, 403, "This server answers to 127.0.0.1 and localhost only.");
  else if (request.method !== "GET" && request.method !== "HEAD") {
    response.setHeader("allow", "GET, HEAD");
    refuse(response, 405, "Only GET and HEAD: nothing is uploaded.");
  } else {
    const file = files.get(pathOf(request.url ?? "/"));
    if (file === undefined) refuse(response, 404, "There is no such file.");
    else await send(file, request, response);
  }
}

/**
 * Whether the visitor's browser meant this machine. A page of another host can point its own name here (DNS rebinding) and would
 * then read the model as if it were its own; the header Host tells.
 */
function isForThisServer({ headers, socket }: IncomingMessage): boolean {
  return [host, "localhost"].some((name) => headers.host === `${name}:${socket.localPort ?? ""}`);
}

/** As it was sent, but for its query; what is written in another way than the list has it is not in the list. */
const pathOf = (url: string): string => url.replace(/[?#].*$/s, "");

function refuse(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(`${message}\n`);
}

async function send(file: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const found = await stat(file).catch(() => undefined);
  if (found?.isFile() !== true) {
    refuse(response, 404, "The file is gone.");
    return;
  }
  const { size, mtimeMs } = found;
  const etag = `"${size.toString(36)}-${Math.round(mtimeMs).toString(36)}"`;
  response.setHeader("etag", etag);
  response.setHeader("accept-ranges", "bytes");
  if (request.headers["if-none-match"] === etag) {
    response.writeHead(304).end();
    return;
  }
  const range = byteRangeOf(request.headers.range, size);
  if (range === "unsatisfiable") {
    response.setHeader("content-range", `bytes */${size}`);
    refuse(response, 416, `The file has ${size} bytes.`);
    return;
  }
  const { start, end } = range ?? { start: 0, end: size };
  response.writeHead(range === undefined ? 200 : 206, {
    "content-type": mimeTypeOf(file),
    "content-length": end - start,
    ...(range === undefined ? {} : { "content-range": `bytes ${start}-${end - 1}/${size}` }),
  });
  // A stream has no way to read nothing.
  if (request.method === "HEAD" || start === end) response.end();
  else await pipeline(createReadStream(file, { start, end: end - 1 }), response);
}
