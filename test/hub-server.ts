/** A real HTTP server that answers as the hub does, with switches for the ways in which a hub misbehaves. */
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** One commit of the fake models. */
export const commit = "0123456789abcdef0123456789abcdef01234567";

/** How the server treats the requests for files, or all requests. */
export interface HubBehaviour {
  /** Answers a request in its own way; false for the ordinary answer. */
  answer?: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** Answer every request with this status. */
  status?: number;
  /** Sent as X-Error-Code along with `status`. */
  errorCode?: string;
  /** Accept requests and never answer. */
  isHanging?: boolean;
  /** Cut the bodies of safetensors files after this many bytes. */
  cutAfterBytes?: number;
  /** Send that many bytes of safetensors files, then nothing. */
  stallAfterBytes?: number;
  /** Answer every request with this text instead. */
  page?: string;
  /** Require this token. */
  token?: string;
  /** Flip a bit in safetensors files. */
  isCorrupt?: boolean;
}

/** The running server. */
export interface HubServer {
  readonly endpoint: string;
  /** "GET /path" of every request since the last clear. */
  readonly requests: string[];
  /** The Authorization headers of all requests; "" where there was none. */
  readonly authorizations: string[];
  /** The Range headers of requests for files. */
  readonly ranges: string[];
  behaviour: HubBehaviour;
  close(): Promise<void>;
}

/** Serves `models`: id -> path -> content. Files that end in .safetensors are large files behind a redirect. */
export async function startHubServer(
  models: Record<string, Record<string, Buffer>>,
  tls?: { key: string; cert: string },
): Promise<HubServer> {
  const state = {
    requests: [] as string[],
    authorizations: [] as string[],
    ranges: [] as string[],
    behaviour: {} as HubBehaviour,
  };
  const server = tls === undefined ? createServer(answer) : createTlsServer(tls, answer);

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "/", "http://localhost");
    const { behaviour } = state;
    state.requests.push(`${request.method ?? ""} ${url.pathname}`);
    state.authorizations.push(request.headers.authorization ?? "");
    if (behaviour.answer?.(request, response) === true) return;
    if (behaviour.isHanging === true) return;
    if (behaviour.page !== undefined) {
      response.end(behaviour.page);
      return;
    }
    if (behaviour.status !== undefined) {
      fail(response, behaviour.status, behaviour.errorCode ?? "");
      return;
    }
    const isCdn = url.pathname.startsWith("/cdn/");
    if (
      !isCdn &&
      behaviour.token !== undefined &&
      request.headers.authorization !== `Bearer ${behaviour.token}`
    ) {
      fail(response, 401, "RepoNotFound");
      return;
    }
    const path = decodeURIComponent(url.pathname);
    const api = /^\/api\/models\/([^/]+\/[^/]+)\/(revision|tree)\/([^/]+)\/?(.*)$/.exec(path);
    const file = /^(\/cdn)?\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.*)$/.exec(path);
    const files = models[api?.[1] ?? file?.[2] ?? ""];
    if (files === undefined) fail(response, 404, "RepoNotFound");
    else if (!["main", commit].includes(api?.[3] ?? file?.[3] ?? "")) fail(response, 404, "RevisionNotFound");
    else if (api?.[2] === "revision") json(response, { id: api[1], sha: commit, lastModified: "2026-01-01" });
    else if (api !== null) sendTree(response, files, api[4] ?? "");
    else sendFile(request, response, files[file?.[4] ?? ""], path, file?.[1] !== undefined);
  }

  function sendFile(
    request: IncomingMessage,
    response: ServerResponse,
    content: Buffer | undefined,
    path: string,
    isCdn: boolean,
  ): void {
    if (content === undefined) {
      fail(response, 404, "EntryNotFound");
      return;
    }
    const isLarge = path.endsWith(".safetensors");
    if (isLarge && !isCdn) {
      const headers = {
        "X-Repo-Commit": commit,
        "X-Linked-Size": content.length,
        "X-Linked-ETag": sha256(content),
      };
      response.writeHead(302, { ...headers, Location: `/cdn${path}` }).end();
      return;
    }
    sendBytes(request, response, content, isLarge ? state.behaviour : {});
  }

  function sendBytes(
    request: IncomingMessage,
    response: ServerResponse,
    content: Buffer,
    behaviour: HubBehaviour,
  ): void {
    const { range } = request.headers;
    if (range !== undefined) state.ranges.push(range);
    const start = Number(/^bytes=(\d+)-/.exec(range ?? "")?.[1] ?? 0);
    const body = Buffer.from(content.subarray(start));
    if (behaviour.isCorrupt === true) body[0] = (body[0] ?? 0) ^ 1;
    const headers = { "Content-Length": body.length, ETag: `"${gitHash(content)}"` };
    const contentRange = `bytes ${start}-${content.length - 1}/${content.length}`;
    if (range === undefined) response.writeHead(200, headers);
    else response.writeHead(206, { ...headers, "Content-Range": contentRange });
    const stop = behaviour.cutAfterBytes ?? behaviour.stallAfterBytes;
    if (stop === undefined) {
      response.end(body);
      return;
    }
    response.write(body.subarray(0, stop), () => {
      // The bytes are under way; give them time to arrive before the line is cut.
      if (behaviour.cutAfterBytes !== undefined) setTimeout(() => response.destroy(), 50);
    });
  }

  // Clients end connections that rest; a server that ended one at the moment of a request would break it.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(state, {
    endpoint: `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  });
}

function sendTree(response: ServerResponse, files: Record<string, Buffer>, folder: string): void {
  const prefix = folder === "" ? "" : `${folder}/`;
  const inside = Object.entries(files).filter(([path]) => path.startsWith(prefix));
  if (inside.length === 0) {
    fail(response, 404, "EntryNotFound");
    return;
  }
  const direct = inside.filter(([path]) => !path.slice(prefix.length).includes("/"));
  const entries = direct.map(([path, content]) => {
    const entry = { type: "file", path, size: content.length, oid: gitHash(content) };
    const lfs = { oid: sha256(content), size: content.length, pointerSize: 134 };
    return path.endsWith(".safetensors") ? { ...entry, lfs } : entry;
  });
  const folders = inside.flatMap(([path]) => /^[^/]+(?=\/)/.exec(path.slice(prefix.length)) ?? []);
  const directories = [...new Set(folders)].map((name) => ({
    type: "directory",
    path: prefix + name,
    size: 0,
  }));
  json(response, [...directories, ...entries]);
}

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(value));
}

function fail(response: ServerResponse, status: number, errorCode: string): void {
  const headers = {
    "Content-Type": "application/json",
    ...(errorCode === "" ? {} : { "X-Error-Code": errorCode }),
  };
  response.writeHead(status, headers).end(JSON.stringify({ error: `status ${status}` }));
}

/** The hash of large files. */
export function sha256(content: Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}

/** The hash that git gives a blob. */
export function gitHash(content: Buffer): string {
  return createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex");
}
