/**
 * A static host at the end of a slow line: gzip, a latency for each answer, and one bandwidth that all answers share. The browser's
 * own throttling (CDP) gives the page and each worker a line of its own, which no visitor has.
 */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { contentTypes } from "../tools/content-types.mjs";

/** What hosts compress. */
const compressed = new Set([".html", ".js", ".css", ".json", ".svg", ".wasm"]);
const pieceBytes = 4096;

/**
 * @param {{ root: string, megabitsPerSecond: number, latencyMs: number }} options
 */
export async function slowHost({ root, megabitsPerSecond, latencyMs }) {
  const bytesPerMs = (megabitsPerSecond * 1e6) / 8 / 1000;
  /** @type {Map<string, { body: Buffer, headers: Record<string, string | number> }>} */
  const answers = new Map();
  /** When the line is free again. */
  let freeAtMs = 0;
  let sentBytes = 0;

  /** @param {string} path */
  async function answerFor(path) {
    const known = answers.get(path);
    if (known !== undefined) return known;
    const extension = extname(path);
    const content = await readFile(join(root, path));
    const isCompressed = compressed.has(extension);
    const body = isCompressed ? gzipSync(content, { level: 9 }) : content;
    const headers = {
      "content-type": contentTypes[extension] ?? "application/octet-stream",
      "content-length": body.length,
      // As GitHub Pages.
      "cache-control": "max-age=600",
      etag: `"${path}"`,
      ...(isCompressed ? { "content-encoding": "gzip" } : {}),
    };
    answers.set(path, { body, headers });
    return { body, headers };
  }

  const server = createServer((request, response) => {
    void answer().catch(() => response.writeHead(404).end());
    async function answer() {
      const { pathname } = new URL(request.url ?? "/", "http://127.0.0.1");
      const path = normalize(pathname === "/" ? "index.html" : pathname.slice(1));
      const { body, headers } = await answerFor(path);
      await sleep(latencyMs);
      response.writeHead(200, headers);
      for (let start = 0; start < body.length; start += pieceBytes) {
        const piece = body.subarray(start, start + pieceBytes);
        freeAtMs = Math.max(freeAtMs, performance.now()) + piece.length / bytesPerMs;
        // Timers are coarse: waits that are shorter are made up for with the next.
        const waitMs = freeAtMs - performance.now();
        if (waitMs > 4) await sleep(waitMs);
        response.write(piece);
        sentBytes += piece.length;
      }
      response.end();
    }
  });
  await new Promise((resolve) =>
    server.listen(0, "127.0.0.1", () => {
      resolve(undefined);
    }),
  );
  const address = /** @type {import("node:net").AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${address.port}/`,
    /** Compresses what takes long, so that no visit waits for it. @param {readonly string[]} paths */
    prepare: (paths) => Promise.all(paths.map(answerFor)),
    get sentBytes() {
      return sentBytes;
    },
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
