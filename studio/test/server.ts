/** Serves the built studio as any static host does, under a path. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { contentTypes } from "../tools/content-types.mjs";

const root = new URL("../dist/", import.meta.url);

export interface StudioServer {
  /** The page's address. */
  readonly url: string;
  /** While `work` runs, answers with `content` for one file; returns the files that were asked for meanwhile. */
  withFile(name: string, content: string, work: () => Promise<void>): Promise<string[]>;
  close(): Promise<void>;
}

/** @param base the path that the page is at, from slash to slash. */
export async function serveStudio(base = "/"): Promise<StudioServer> {
  const replaced = new Map<string, string>();
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://127.0.0.1").pathname;
    const below = path.startsWith(base) ? path.slice(base.length) : undefined;
    if (below !== undefined) asked.push(below);
    const type = { "content-type": contentTypes[extname(path)] ?? "application/octet-stream" };
    const replacement = replaced.get(below ?? "");
    if (replacement !== undefined) {
      response.writeHead(200, type).end(replacement);
      return;
    }
    const file = below === undefined ? undefined : new URL(below === "" ? "index.html" : `./${below}`, root);
    void send(file).catch(() => response.writeHead(404).end());

    async function send(from: URL | undefined): Promise<void> {
      if (from === undefined) throw new Error("not below the page");
      const { size } = await stat(from);
      const html = { "content-type": contentTypes[".html"] };
      response.writeHead(200, { ...(below === "" ? html : type), "content-length": size });
      createReadStream(fileURLToPath(from)).pipe(response);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}${base}`,
    withFile: async (name, content, work) => {
      asked.length = 0;
      replaced.set(name, content);
      await work();
      replaced.delete(name);
      return [...asked];
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
