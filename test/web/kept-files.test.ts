/** Copies of a model's files in the browser: what the second visit asks for, and what becomes of damage. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openVae, type OpenVaeOptions } from "../../src/web/index.ts";
import { saveTinyModel, temporaryFolder } from "../cli/run-cli.ts";
import { etagOf, MemoryCache, startModelServer, type ModelServer } from "./model-server.ts";

const weightsName = "diffusion_pytorch_model.safetensors";
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let server: ModelServer;
let config: Buffer;
let weights: Buffer;
let cache: MemoryCache;
let warnings: string[];

beforeAll(async () => {
  folder = await temporaryFolder();
  await saveTinyModel(folder.path);
  config = await readFile(join(folder.path, "config.json"));
  weights = await readFile(join(folder.path, weightsName));
  server = await startModelServer();
});
afterAll(async () => {
  await server.close();
  await folder.remove();
});
beforeEach(() => {
  server.files = { "vae/config.json": config, [`vae/${weightsName}`]: weights };
  server.answer = () => false;
  server.headersOf = (content) => ({ etag: etagOf(content) });
  cache = new MemoryCache();
  warnings = [];
});

/** Opens the model, and gives what was asked of the server. */
async function visit(options: OpenVaeOptions = {}): Promise<string[]> {
  server.asked.length = 0;
  const onWarning = (message: string): number => warnings.push(message);
  await using vae = await openVae(`${server.origin}/vae`, { cache, onWarning, ...options });
  expect(vae.parameterCount).toBeGreaterThan(1000);
  return server.asked;
}
const heads = ["HEAD /vae/config.json", `HEAD /vae/${weightsName}`];
const gets = ["GET /vae/config.json", `GET /vae/${weightsName}`];

describe("the second visit", () => {
  test("asks whether the files are still the same, and for none of them", async () => {
    expect(await visit()).toEqual(gets);
    expect(await visit()).toEqual(heads);
    expect(warnings).toEqual([]);
  });

  test("goes by the date where there is no tag, and by neither where there is none", async () => {
    server.headersOf = () => ({ "last-modified": "Mon, 02 Nov 2026 00:00:00 GMT" });
    await visit();
    expect(await visit()).toEqual(heads);
    server.headersOf = () => ({});
    expect(await visit()).toEqual([heads[0], gets[0], heads[1], gets[1]]);
    expect(await visit({ cache: false })).toEqual(gets);
  });

  test("fetches what is another file now, and keeps that", async () => {
    await visit();
    server.files["vae/config.json"] = Buffer.from(config.toString().replace("{", '{ "_name_or_path": "x", '));
    expect(await visit()).toEqual([heads[0], gets[0], heads[1]]);
    expect(await visit()).toEqual(heads);
  });

  test("takes a server that knows no HEAD for one whose files may have changed", async () => {
    await visit();
    server.answer = ({ method }, response) => {
      if (method === "HEAD") response.writeHead(405).end();
      return method === "HEAD";
    };
    expect(await visit()).toEqual([heads[0], gets[0], heads[1], gets[1]]);
  });

  test("does without a server that is broken, and says so", async () => {
    await visit();
    server.answer = (_, response) => {
      response.writeHead(503).end();
      return true;
    };
    expect(await visit()).toEqual(heads);
    expect(warnings).toHaveLength(2);
    expect(warnings[0]).toMatch(/config\.json: .*HTTP 503.* The copy that was kept is used\.$/);
  });

  test("asks nobody for the files of a commit", async () => {
    const path = `org/name/resolve/${"a1".repeat(20)}`;
    server.files = { [`${path}/config.json`]: config, [`${path}/${weightsName}`]: weights };
    const open = async (): Promise<string[]> => {
      server.asked.length = 0;
      await using vae = await openVae(`${server.origin}/${path}`, { cache });
      return vae.parameterCount > 0 ? [...server.asked] : [];
    };
    expect(await open()).toHaveLength(2);
    expect(await open()).toEqual([]);
  });
});

describe("a copy that is damaged is fetched again:", () => {
  test.each<[string, (body: Buffer) => Buffer]>([
    ["short", (body) => body.subarray(0, body.length - 10)],
    ["of other bytes at the beginning", (body) => Buffer.concat([Buffer.alloc(16), body.subarray(16)])],
  ])("%s", async (_, damage) => {
    await visit();
    for (const [url, { body, headers }] of cache.copies)
      cache.copies.set(url, { body: damage(body), headers });
    expect(await visit()).toEqual(gets);
    expect(await visit()).toEqual(heads);
  });
});

describe("a cache", () => {
  test("holds a file in the place of the browser's own, which is for pages without one", async () => {
    const seen: (string | undefined)[] = [];
    server.answer = ({ headers }) => {
      seen.push(headers["cache-control"]);
      return false;
    };
    await visit({ cache: false });
    await visit();
    // What fetch sends for a file that no cache of HTTP is asked for.
    expect(seen).toEqual([undefined, undefined, "no-cache", "no-cache"]);
  });

  test("keeps no page in a file's place", async () => {
    server.files[`vae/${weightsName}`] = Buffer.from("<!doctype html><html></html>");
    await expect(visit()).rejects.toMatchObject({ code: "INVALID_FILE" });
    expect([...cache.copies.keys()]).toEqual([`${server.origin}/vae/config.json`]);
  });

  test("that is full costs one warning and no model", async () => {
    cache.put = () => Promise.reject(new DOMException("full", "QuotaExceededError"));
    expect(await visit()).toEqual(gets);
    expect(warnings).toEqual([
      "Copies of the model's files cannot be kept (this page has no room left; clearModelCache() gives back what older models took). It is opened without them.",
    ]);
  });

  test("that cannot be read costs one warning and no model", async () => {
    cache.match = () => Promise.reject(new Error("no access"));
    expect(await visit()).toEqual(gets);
    expect(warnings).toEqual([expect.stringContaining("cannot be read (no access)")]);
  });

  test("may lack a way to delete", async () => {
    await visit();
    const [[url, copy]] = [...cache.copies] as [[string, { body: Buffer; headers: Headers }]];
    cache.copies.set(url, { ...copy, body: Buffer.alloc(3) });
    const withoutDelete = {
      match: (each: string) => cache.match(each),
      put: (each: string, response: Response) => cache.put(each, response),
    };
    expect(await visit({ cache: withoutDelete })).toContain("GET /vae/config.json");
  });
});
