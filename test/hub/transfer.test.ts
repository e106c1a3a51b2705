/** How the bytes of one file come: what is asked, and which answers are taken. */
import { readFile, rm } from "node:fs/promises";
import type { IncomingHttpHeaders } from "node:http";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { commit, gitHash } from "../hub-server.ts";
import { clear, faults } from "../recorded-files.ts";
import {
  blob,
  config,
  fileRequests,
  hub,
  isWhole,
  refusal,
  repository,
  resolve,
  send,
  single,
  warnings,
  weights,
  when,
} from "./hostile-hub.ts";
import { leavePart, parked } from "./unfinished-file.ts";

vi.mock("node:fs/promises", async (original) => {
  const { recorded } = await import("../recorded-files.ts");
  return recorded(await original());
});

beforeEach(clear);
afterEach(clear);

/** Answers like the ordinary hub, and notes the headers of the requests for weights. */
function noteHeaders(): IncomingHttpHeaders[] {
  const noted: IncomingHttpHeaders[] = [];
  hub.behaviour = {
    answer: (request) => {
      if (request.url?.startsWith("/cdn/") === true) noted.push(request.headers);
      return false;
    },
  };
  return noted;
}

describe("a request for a file", () => {
  test("asks for plain bytes, and for a range only where a part is here", async () => {
    const noted = noteHeaders();
    await resolve();
    expect(noted).toEqual([expect.objectContaining({ "accept-encoding": "identity" })]);
    expect(noted[0]).not.toHaveProperty("range");
    await rm(join(repository(), "snapshots"), { recursive: true });
    await rm(blob(weights));
    await leavePart(weights.subarray(0, 1));
    await resolve();
    expect(noted[1]).toHaveProperty("range", "bytes=1-");
  });

  test("writes every part of its path as an address needs it", async () => {
    const entry = (name: string, content: Buffer): object => ({
      type: "file",
      path: `é+&/vae/${name}`,
      size: content.length,
      oid: gitHash(content),
    });
    const asked: string[] = [];
    when(/\/(tree|resolve)\//, (request, response) => {
      const url = request.url ?? "";
      if (url.includes("/tree/")) {
        response.end(JSON.stringify([entry("config.json", config), entry(single, weights)]));
        return;
      }
      asked.push(url);
      response.end(url.endsWith("config.json") ? config : weights);
    });
    expect(await isWhole(await resolve({ subfolder: "é+&/vae" }))).toBe(true);
    const folder = `/org/plain/resolve/${commit}/%C3%A9%2B%26/vae`;
    expect(asked).toEqual([`${folder}/config.json`, `${folder}/${single}`]);
  });

  test("of a file that is here already is not made", async () => {
    await resolve();
    hub.requests.length = 0;
    await rm(blob(weights));
    expect(await isWhole(await resolve())).toBe(true);
    expect(fileRequests()).toEqual([expect.stringContaining(single), expect.stringContaining(`/cdn/`)]);
  });

  test("is not made after the caller's signal, which came while another file got its name", async () => {
    const controller = new AbortController();
    faults.fail = (call) => {
      if (call === "rename config.json.tmp → config.json") controller.abort();
      return undefined;
    };
    await refusal({ signal: controller.signal }, "org/plain", "ABORTED");
    expect(hub.requests.filter((path) => path.includes("safetensors"))).toEqual([]);
  });

  test("is not made where the content is here under another name", async () => {
    const { folder } = await resolve();
    await rm(folder, { recursive: true });
    hub.requests.length = 0;
    expect(await isWhole(await resolve())).toBe(true);
    expect(fileRequests()).toEqual([]);
    expect(warnings).toEqual([]);
  });
});

describe("an answer", () => {
  test("that is compressed, though nobody asked, has another length and is taken", async () => {
    const packed = gzipSync(weights);
    when(/cdn/, send(packed, { "Content-Encoding": "gzip" }));
    expect(await isWhole(await resolve())).toBe(true);
  });

  test("that says it is not compressed is measured by its length", async () => {
    when(/cdn/, send(weights.subarray(0, 100), { "Content-Encoding": "identity" }));
    expect(await refusal()).toContain(`expected ${weights.length} bytes, the answer has 100 bytes`);
  });

  test("that ends too early says how far it came, and that the next call goes on", async () => {
    when(
      /cdn/,
      (_, response) =>
        void response.writeHead(200, { "Transfer-Encoding": "chunked" }).end(weights.subarray(0, 777)),
    );
    const message = await refusal();
    expect(message).toContain(
      `expected ${weights.length} bytes, the connection ended after 777. Try again to continue.`,
    );
    expect((await readFile(parked())).equals(weights.subarray(0, 777))).toBe(true);
  });
});
