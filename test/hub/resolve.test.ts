/** Which model a name stands for: revisions and what is recorded of them, when the cache stands in, which folder is taken. */
import { mkdir, readFile, readlink, rename, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { selfSigned } from "../self-signed.ts";
import { resolveFromHub, type HubOptions } from "../../src/hub/index.ts";
import { commit, gitHash, sha256, startHubServer, type HubServer } from "../hub-server.ts";
import {
  blob,
  cacheDir,
  config,
  hub,
  index,
  isWhole,
  namesIn,
  refusal,
  repository,
  resolve,
  safetensors,
  send,
  shards,
  single,
  token,
  warnings,
  weights,
  when,
} from "./hostile-hub.ts";

const newer = "89abcdef0123456789abcdef0123456789abcdef";
const info = (sha: unknown): string => JSON.stringify({ id: "org/plain", sha, lastModified: "2026-01-01" });
const reference = (name = "main", id = "org/plain"): string =>
  join(repository(id), "refs", ...name.split("/"));
const fileRequests = (): string[] => hub.requests.filter((path) => path.includes("/resolve/"));

/** From now on the revision main is another commit, with the same files and one more byte of weights. */
function publish(): Buffer {
  const content = safetensors(60_001);
  const entry = (path: string, bytes: Buffer, oid: string): object => ({
    type: "file",
    path,
    size: bytes.length,
    oid,
    ...(path === single ? { lfs: { oid, size: bytes.length, pointerSize: 134 } } : {}),
  });
  hub.behaviour = {
    answer: (request, response) => {
      const url = request.url ?? "";
      if (url.includes("/revision/main")) response.end(info(newer));
      else if (url.includes(`/tree/${newer}/vae`))
        response.writeHead(404, { "X-Error-Code": "EntryNotFound" }).end();
      else if (url.includes(`/tree/${newer}`))
        response.end(
          JSON.stringify([
            entry("config.json", config, gitHash(config)),
            entry(single, content, sha256(content)),
          ]),
        );
      else if (url.includes(`/resolve/${newer}/${single}`)) response.end(content);
      else return false;
      return true;
    },
  };
  return content;
}

describe("a revision", () => {
  test("with slashes is recorded in folders, as Python does", async () => {
    when(/\/revision\/refs/, send(info(commit)));
    expect(await isWhole(await resolve({ revision: "refs/pr/1" }))).toBe(true);
    expect(await readFile(reference("refs/pr/1"), "utf8")).toBe(commit);
    expect(hub.requests[0]).toBe("GET /api/models/org/plain/revision/refs%2Fpr%2F1");
  });

  test("that is a commit is recorded nowhere, and the hub is not asked for it again", async () => {
    expect(await isWhole(await resolve({ revision: commit }))).toBe(true);
    expect(await namesIn(join(repository(), "refs"))).toEqual([]);
    hub.requests.length = 0;
    await resolve({ revision: commit });
    expect(hub.requests).toEqual([]);
  });

  test("that has not changed is not written again, so that a cache may be read-only", async () => {
    await resolve();
    await utimes(reference(), 1, 1);
    await resolve();
    expect((await stat(reference())).mtimeMs).toBe(1000);
  });

  test.each(["main", commit.toUpperCase(), commit.slice(1), `${commit}0`, 7, null])(
    "is no folder's name where the hub calls it %j",
    async (sha) => {
      when(/\/revision\//, send(info(sha)));
      expect(await refusal()).toContain("expected the hub's answer");
      expect(await namesIn(cacheDir)).toEqual([]);
    },
  );

  test.each(["", "no commit", `../../${commit}`, commit.slice(1)])(
    "that is recorded as %j is as good as not recorded",
    async (text) => {
      await resolve();
      await writeFile(reference(), text);
      expect(await refusal({ localFilesOnly: true })).toContain("is not complete in the cache");
      expect(await isWhole(await resolve())).toBe(true);
      expect(await readFile(reference(), "utf8")).toBe(commit);
    },
  );

  test("is read with the line break that an editor leaves", async () => {
    await resolve();
    await writeFile(reference(), `${commit}\n`);
    expect(await isWhole(await resolve({ localFilesOnly: true }))).toBe(true);
  });

  test("is the one of the option alone: another one is not there without the network", async () => {
    await resolve();
    expect(await refusal({ localFilesOnly: true, revision: "v1" })).toContain(
      "org/plain (revision v1) is not",
    );
  });

  test("is not recorded through a link that leads out of the cache", async () => {
    const outside = `${cacheDir}-outside`;
    await mkdir(outside);
    await mkdir(repository());
    await symlink(outside, join(repository(), "refs"));
    expect(await isWhole(await resolve())).toBe(true);
    expect(warnings).toEqual([expect.stringContaining("outside of it")]);
    expect(await namesIn(outside)).toEqual([]);
    await rm(outside, { recursive: true });
  });

  test("that cannot be recorded is told of, and the model is here", async () => {
    await mkdir(join(reference(), "in the way"), { recursive: true });
    expect(await isWhole(await resolve())).toBe(true);
    expect(warnings).toEqual([
      expect.stringContaining("refs/main: expected a file to write, found a folder"),
    ]);
  });
});

describe("an update", () => {
  test("is fetched and recorded, the file that stayed the same only linked", async () => {
    const before = await resolve();
    const content = publish();
    hub.requests.length = 0;
    const after = await resolve();
    expect(after).toEqual({ folder: join(repository(), "snapshots", newer), commit: newer });
    expect((await readFile(join(after.folder, single))).equals(content)).toBe(true);
    expect(await readFile(reference(), "utf8")).toBe(newer);
    expect(await isWhole(before)).toBe(true);
  });

  test("that breaks off leaves the revision where it was, and the older model stands in", async () => {
    const before = await resolve();
    publish();
    const ordinary = hub.behaviour.answer!;
    hub.behaviour.answer = (request, response) => {
      if (request.url?.includes(`/resolve/${newer}/${single}`) !== true) return ordinary(request, response);
      response.write("x", () => response.destroy());
      return true;
    };
    expect(await resolve()).toEqual(before);
    expect(warnings).toEqual([
      expect.stringContaining(`Using the cached copy of org/plain (commit ${commit.slice(0, 8)}).`),
    ]);
    expect(await readFile(reference(), "utf8")).toBe(commit);
    expect(await resolve({ localFilesOnly: true })).toEqual(before);
  });
});

describe("the cached copy", () => {
  test.each([429, 500, 502, 503])("stands in for a hub that answers %i, with a warning", async (status) => {
    const online = await resolve();
    hub.behaviour = { status };
    expect(await resolve()).toEqual(online);
    expect(warnings).toEqual([
      expect.stringMatching(new RegExp(`answered ${status}: .*Using the cached copy`)),
    ]);
  });

  test.each([
    [400, "HUB"],
    [401, "HUB"],
    [403, "HUB"],
    [404, "NOT_FOUND"],
  ])("does not stand in for a hub that answers %i: it is there, and refuses", async (status, code) => {
    await resolve();
    hub.behaviour = { status };
    expect(await refusal({}, "org/plain", code)).toContain(`answered ${status}`);
    expect(warnings).toEqual([]);
  });

  test("does not stand in for an answer that is none, nor after the caller's signal", async () => {
    await resolve();
    hub.behaviour = { page: "<html>Log in" };
    expect(await refusal()).toContain("found something else");
    hub.behaviour = { isHanging: true };
    const controller = new AbortController();
    const work = refusal({ signal: controller.signal }, "org/plain", "ABORTED");
    controller.abort();
    await work;
    expect(warnings).toEqual([]);
  });

  test("is none while a file of it lacks: what lacks is named", async () => {
    const { folder } = await resolve({}, "org/sharded");
    await rm(join(folder, shards[0]));
    hub.behaviour = { status: 500 };
    const message = await refusal({}, "org/sharded");
    expect(message).toContain("answered 500");
    expect(message).toContain(`The cached copy cannot stand in: ${join(folder, shards[0])} is missing.`);
  });
});

describe("a token", () => {
  test("is sent with every question to the hub, and not to the store of large files elsewhere", async () => {
    const store = await startHubServer({ "org/plain": { [single]: weights } });
    try {
      when(/\/resolve\/.*safetensors/, (request, response) => {
        response.writeHead(302, { Location: `${store.endpoint}/cdn${request.url ?? ""}` }).end();
      });
      expect(await isWhole(await resolve())).toBe(true);
      expect(new Set(hub.authorizations)).toEqual(new Set([`Bearer ${token}`]));
      expect(store.authorizations).toEqual([""]);
    } finally {
      await store.close();
    }
  });

  test("comes back with a redirect that comes back", async () => {
    when(/\/revision\/main$/, (_, response) => {
      response.writeHead(307, { Location: "/api/models/org/plain/revision/main?again" }).end();
    });
    await resolve();
    expect(hub.authorizations.slice(0, 2)).toEqual([`Bearer ${token}`, `Bearer ${token}`]);
  });

  test("that is none sends no header", async () => {
    await resolve({ token: false });
    expect(new Set(hub.authorizations)).toEqual(new Set([""]));
  });
});

describe("a question", () => {
  test("asks for JSON of the API, and one address in one way whatever slashes the endpoint ends with", async () => {
    const noted: string[] = [];
    hub.behaviour = {
      answer: (request) => {
        if (request.url?.startsWith("/api/") === true) noted.push(request.headers.accept ?? "");
        return false;
      },
    };
    expect(await isWhole(await resolve({ endpoint: `${hub.endpoint}//` }))).toBe(true);
    expect(new Set(noted)).toEqual(new Set(["application/json"]));
    expect(hub.requests[0]).toBe("GET /api/models/org/plain/revision/main");
    expect(hub.requests.filter((path) => path.includes("//"))).toEqual([]);
  });

  test("for no range that is answered with 416 is refused, and not asked again and again", async () => {
    when(/resolve.*config\.json/, send("", {}, 416));
    expect(await refusal()).toContain("answered 416");
    expect(fileRequests()).toHaveLength(1);
  });
});

describe("redirects", () => {
  const redirect = (times: number): void => {
    when(
      /\/revision\//,
      (_, response) => {
        response.writeHead(307, { Location: "/api/models/org/plain/revision/main" }).end();
      },
      times,
    );
  };

  test("are followed ten times, and not eleven times", async () => {
    redirect(10);
    expect(await isWhole(await resolve())).toBe(true);
    redirect(11);
    expect(await refusal()).toContain("redirects more than 10 times");
  });

  test.each([301, 302, 303, 307, 308])("of status %i are followed", async (status) => {
    when(
      /\/revision\//,
      (_, response) => {
        response.writeHead(status, { Location: "/api/models/org/plain/revision/main" }).end();
      },
      1,
    );
    expect(await isWhole(await resolve())).toBe(true);
  });
});

describe("a redirect between http and https", () => {
  const toOther = (to: () => string) => ({
    answer: (request: IncomingMessage, response: ServerResponse): boolean => {
      response.writeHead(307, { Location: to() + (request.url ?? "") }).end();
      return true;
    },
  });
  let secure: HubServer;
  beforeAll(async () => {
    secure = await startHubServer(
      { "org/plain": { "config.json": config, [single]: weights } },
      selfSigned(),
    );
  });
  beforeEach(() => {
    vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
    secure.behaviour = {};
    secure.authorizations.length = 0;
  });
  afterAll(() => secure.close());

  test("is not followed to where anyone can listen", async () => {
    secure.behaviour = toOther(() => hub.endpoint);
    expect(await refusal({ endpoint: secure.endpoint })).toContain(
      `redirects from ${secure.endpoint} to ${hub.endpoint}, which is less safe`,
    );
    expect(hub.requests).toEqual([]);
  });

  test("is followed to where nobody can", async () => {
    hub.behaviour = toOther(() => secure.endpoint);
    expect(await isWhole(await resolve())).toBe(true);
    expect(new Set(secure.authorizations)).toEqual(new Set([""]));
  });
});

describe("what a repository holds", () => {
  const ours = config;
  const other = Buffer.from('{"_class_name": "UNet2DConditionModel"}');
  let models: HubServer;
  beforeAll(async () => {
    models = await startHubServer({
      "org/both": {
        "config.json": ours,
        [single]: weights,
        "vae/config.json": ours,
        [`vae/${single}`]: weights,
      },
      "org/other-root": {
        "config.json": other,
        [single]: weights,
        "vae/config.json": ours,
        [`vae/${single}`]: weights,
      },
      "org/bare-root": { "config.json": ours, "vae/config.json": ours, [`vae/${single}`]: weights },
      "org/only-other": { "config.json": other, [single]: weights },
      "org/transformer": {
        "config.json": Buffer.from('{"model_type": "bert"}'),
        "vae/config.json": ours,
        [`vae/${single}`]: weights,
      },
      "org/no-model": { "vae/readme.md": Buffer.from("x"), "config.json": ours, [single]: weights },
      "org/variants": {
        "config.json": ours,
        "diffusion_pytorch_model.fp16.safetensors": weights,
        "diffusion_pytorch_model.safetensors.index.bf16.json": Buffer.from(
          JSON.stringify({ weight_map: { a: "one.safetensors", b: "one.safetensors" } }),
        ),
        "one.safetensors": weights,
        [single]: weights,
        [index]: Buffer.from(JSON.stringify({ weight_map: { a: "one.safetensors" } })),
      },
      "org/lacking": {
        "config.json": ours,
        [index]: Buffer.from(JSON.stringify({ weight_map: { a: "one.safetensors", b: "gone.safetensors" } })),
        "one.safetensors": weights,
      },
    });
  });
  beforeEach(() => {
    models.requests.length = 0;
  });
  afterAll(() => models.close());

  const open = async (id: string, options: HubOptions = {}): Promise<string> => {
    const given = { endpoint: models.endpoint, ...options };
    const { folder } = await resolve(given, id);
    // Without the network the same one is found.
    expect((await resolve({ ...given, localFilesOnly: true }, id)).folder).toBe(folder);
    return folder.split(commit)[1]!;
  };

  test.each([
    ["org/both", "", /holds a model and another one in its folder vae/],
    [
      "org/other-root",
      "/vae",
      /took the model in its folder vae; its own config.json is that of "UNet2DConditionModel"/,
    ],
    ["org/bare-root", "/vae", /took the model in its folder vae; there are no weights beside/],
    ["org/transformer", "/vae", /took the model in its folder vae; its own config.json is no autoencoder's/],
  ])("in %s is the model in %j, which is said", async (id, folder, warning) => {
    expect(await open(id)).toBe(folder);
    expect(warnings).toEqual([expect.stringMatching(warning)]);
  });

  test("as a folder vae without a config.json is no other model", async () => {
    expect(await open("org/no-model")).toBe("");
    expect(warnings).toEqual([]);
  });

  test("in an empty subfolder is the one in none", async () => {
    expect(await open("org/both", { subfolder: "" })).toBe("");
  });

  test("in a subfolder that is named is not looked for elsewhere", async () => {
    expect(await open("org/both", { subfolder: "vae" })).toBe("/vae");
    expect(models.requests.filter((path) => path.includes("/tree/"))).toHaveLength(1);
  });

  test("of another class is refused by its config, before gigabytes of weights are fetched", async () => {
    const message = await refusal({ endpoint: models.endpoint }, "org/only-other", "INVALID_CONFIG");
    expect(message).toContain("org/only-other");
    expect(message).toContain("UNet2DConditionModel");
    expect(models.requests.filter((path) => path.includes("safetensors"))).toEqual([]);
  });

  test.each([
    [undefined, [index, "one.safetensors"]],
    ["fp16", ["diffusion_pytorch_model.fp16.safetensors"]],
    ["bf16", ["diffusion_pytorch_model.safetensors.index.bf16.json", "one.safetensors"]],
  ])("of variant %s is fetched alone", async (variant, files) => {
    const folder = await open("org/variants", { variant });
    expect((await namesIn(join(repository("org/variants"), "snapshots", commit, folder))).sort()).toEqual(
      ["config.json", ...files].sort(),
    );
  });

  test("less a shard is said to lack it, and is no model without the network either", async () => {
    const options = { endpoint: models.endpoint };
    expect(await refusal(options, "org/lacking", "NOT_FOUND")).toContain(
      `org/lacking (${models.endpoint}): the index names gone.safetensors, which the model lacks. Tell its owner.`,
    );
    expect(models.requests.filter((path) => path.includes("one.safetensors"))).toEqual([]);
    expect(await namesIn(join(repository("org/lacking"), "refs"))).toEqual([]);
  });

  test("in a variant that it lacks is said with those that it has", async () => {
    const options = { endpoint: models.endpoint, variant: "fp32" };
    expect(await refusal(options, "org/variants", "NOT_FOUND")).toMatch(
      /expected weights of variant "fp32", found (?=.*"fp16")(?=.*"bf16")(?=.*the plain one).*\. Set `variant` to one of these\./,
    );
  });
});

describe("the cache", () => {
  test("whose name only begins another folder's name does not hold what lies there", async () => {
    const { folder } = await resolve();
    const beside = `${cacheDir}-beside`;
    await mkdir(beside);
    try {
      await rename(blob(weights), join(beside, "blob"));
      await rm(join(folder, single));
      await symlink(join(beside, "blob"), join(folder, single));
      expect(await refusal({ localFilesOnly: true }, "org/plain", "IO")).toContain(
        `expected a file of the cache ${cacheDir}, found a link to ${join(beside, "blob")}, outside of it. ` +
          "Delete the link, and fetch the model again.",
      );
    } finally {
      await rm(beside, { recursive: true });
    }
  });

  test("may have its blobs elsewhere, by a link of that folder", async () => {
    const { folder } = await resolve();
    const elsewhere = `${cacheDir}-disk`;
    await rename(join(repository(), "blobs"), elsewhere);
    await symlink(elsewhere, join(repository(), "blobs"));
    try {
      expect((await resolve({ localFilesOnly: true })).folder).toBe(folder);
      expect(await readlink(join(folder, single))).toBe(`../../blobs/${sha256(weights)}`);
    } finally {
      await rm(elsewhere, { recursive: true });
    }
  });

  test("that cannot be made says so before anything is fetched", async () => {
    await writeFile(join(cacheDir, "file"), "");
    const message = await refusal({ cacheDir: join(cacheDir, "file", "hub") }, "org/plain", "IO");
    expect(message).toContain(
      `${join(cacheDir, "file", "hub")}: expected folders on the way to it, found a file.`,
    );
    expect(fileRequests()).toEqual([]);
  });

  test("keeps the shards that came whole when another one is wrong, and records nothing", async () => {
    const wrong = Buffer.alloc(safetensors(5000).length, "wrong");
    when(/cdn.*00002-of/, send(wrong));
    expect(await refusal({}, "org/sharded")).toContain(`${shards[1]} from ${hub.endpoint}: expected SHA-256`);
    expect(await namesIn(join(repository("org/sharded"), "refs"))).toEqual([]);
    hub.behaviour = {};
    hub.requests.length = 0;
    await resolve({}, "org/sharded");
    expect(fileRequests().filter((path) => path.includes("/cdn/"))).toEqual([
      expect.stringContaining(shards[1]),
    ]);
  });

  test("of copies, as on Windows, is checked by what the files are", async () => {
    const { folder } = await resolve();
    for (const [name, content] of [
      [single, weights],
      ["config.json", config],
    ] as const) {
      await rm(join(folder, name));
      await writeFile(join(folder, name), content);
    }
    expect((await resolve({ localFilesOnly: true })).folder).toBe(folder);
    await writeFile(join(folder, "config.json"), "<html>");
    expect(await refusal({ localFilesOnly: true })).toContain(`${join(folder, "config.json")} is damaged: `);
    await writeFile(join(folder, "config.json"), config);
    await writeFile(join(folder, single), weights.subarray(0, 30_000));
    expect(await refusal({ localFilesOnly: true })).toContain(`${join(folder, single)} is damaged: `);
    expect(await isWhole(await resolve())).toBe(true);
  });

  test("is where the option says, and holds nothing of it elsewhere", async () => {
    const cache = join(cacheDir, "deeper", "cache");
    const { folder } = await resolve({ cacheDir: cache });
    expect(folder.startsWith(cache)).toBe(true);
    expect(dirname(dirname(folder))).toBe(join(cache, "models--org--plain"));
    expect(await namesIn(cacheDir)).toEqual(["deeper"]);
  });
});

test("names are checked before anything is asked", async () => {
  for (const options of [
    { revision: "a b" },
    { subfolder: "../vae" },
    { variant: "fp16/../x" },
    { variant: "a b" },
  ]) {
    const error: unknown = await resolve(options).catch((thrown: unknown) => thrown);
    expect(String(error)).toMatch(/(Revision|Subfolder|Variant): expected a relative name/);
  }
  await expect(resolveFromHub("a--b/c")).rejects.toThrow("expected org/name");
  expect(hub.requests).toEqual([]);
});
