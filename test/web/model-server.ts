/** A server of files from memory that says what they are, so that a client can keep them; and a cache to keep them in. */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { ModelCache } from "../../src/web/index.ts";

export interface ModelServer {
  readonly origin: string;
  /** By path without the first slash. */
  files: Record<string, Buffer>;
  /** "GET /path" of every request since the last clear. */
  readonly asked: string[];
  /** What it answers with beside a file. @default its ETag */
  headersOf: (content: Buffer) => Record<string, string>;
  /** Answers in its own way; false for the ordinary answer. */
  answer: (request: IncomingMessage, response: ServerResponse) => boolean;
  close(): Promise<void>;
}

export const etagOf = (content: Buffer): string => `"${createHash("sha1").update(content).digest("hex")}"`;

export async function startModelServer(): Promise<ModelServer> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    state.asked.push(`${request.method ?? ""} ${pathname}`);
    if (state.answer(request, response)) return;
    const content = state.files[decodeURIComponent(pathname.slice(1))];
    if (content === undefined) response.writeHead(404).end();
    else {
      const headers = { "content-length": content.length, ...state.headersOf(content) };
      response.writeHead(200, headers).end(request.method === "HEAD" ? undefined : content);
    }
  });
  // Clients end connections that rest; a server that ended one at the moment of a request would break it.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const state: ModelServer = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    files: {},
    asked: [],
    headersOf: (content) => ({ etag: etagOf(content) }),
    answer: () => false,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
  return state;
}

/** A cache in memory, which Node has no other of. */
export class MemoryCache implements ModelCache {
  readonly copies = new Map<string, { readonly body: Buffer; readonly headers: Headers }>();

  match(url: string): Promise<Response | undefined> {
    const copy = this.copies.get(url);
    return Promise.resolve(
      copy === undefined ? undefined : new Response(Uint8Array.from(copy.body), { headers: copy.headers }),
    );
  }

  async put(url: string, response: Response): Promise<void> {
    this.copies.set(url, { body: Buffer.from(await response.arrayBuffer()), headers: response.headers });
  }

  delete(url: string): Promise<boolean> {
    return Promise.resolve(this.copies.delete(url));
  }
}
