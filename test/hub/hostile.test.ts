import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import {
  lstat,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  realpath,
  rm,
  statfs,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";

import { resolveFromHub, type HubOptions, type HubResolution } from "../../src/hub/index.ts";
import { commit, gitHash, sha256, startHubServer, type HubServer } from "../hub-server.ts";

const config = Buffer.from('{"_class_name": "AutoencoderKL", "latent_channels": 4}');
const single = "diffusion_pytorch_model.safetensors";
const index = "diffusion_pytorch_model.safetensors.index.json";
const shards = ["m-00001-of-00002.safetensors", "m-00002-of-00002.safetensors"] as const;
const weights = safetensors(60_000);
const token = "hf_neverToBeSeen";

/** A file of one tensor. */
function safetensors(bytes: number): Buffer {
  const entry = { a: { dtype: "U8", shape: [bytes], data_offsets: [0, bytes] } };
  const header = Buffer.from(JSON.stringify(entry));
  const length = Buffer.alloc(8);
  length.writeUInt32LE(header.length);
  return Buffer.concat([length, header, Buffer.alloc(bytes, "weights ")]);
}

let hub: HubServer;
let other: HubServer;
let cacheDir: string;
let warnings: string[];

beforeAll(async () => {
  const whole = { "config.json": config, [single]: weights };
  hub = await startHubServer({
    "org/plain": whole,
    "org/sharded": {
      "config.json": config,
      [index]: Buffer.from(JSON.stringify({ weight_map: { a: shards[0], b: shards[1] } })),
      [shards[0]]: weights,
      [shards[1]]: safetensors(5000),
    },
  });
  other = await startHubServer({ "org/plain": whole });
});

beforeEach(async () => {
  cacheDir = await realpath(await mkdtemp(join(tmpdir(), "vaekit-hostile-")));
  for (const name of ["HF_TOKEN", "HF_ENDPOINT", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"])
    vi.stubEnv(name, "");
  vi.stubEnv("NO_PROXY", "*");
  vi.stubEnv("HF_HOME", cacheDir);
  warnings = [];
  for (const server of [hub, other]) {
    server.behaviour = {};
    server.requests.length = 0;
    server.authorizations.length = 0;
    server.ranges.length = 0;
  }
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(cacheDir, { recursive: true, force: true });
});

afterAll(() => Promise.all([hub.close(), other.close()]));

function resolve(options: HubOptions = {}, id = "org/plain"): Promise<HubResolution> {
  const onWarning = (message: string): number => warnings.push(message);
  const limits = { timeoutMs: 2000, idleTimeoutMs: 2000 };
  return resolveFromHub(id, { endpoint: hub.endpoint, cacheDir, token, onWarning, ...limits, ...options });
}

/** The message, after what holds for every error. */
async function refusal(options: HubOptions = {}, id = "org/plain", code = "HUB"): Promise<string> {
  const error: unknown = await resolve(options, id).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ name: "VaekitError", code });
  expect(String(error) + warnings.join()).not.toContain(token);
  return String(error);
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** Answers the requests whose path matches; the others as ever. */
function when(path: RegExp, answer: Answer, times = Infinity): void {
  let left = times;
  hub.behaviour = {
    answer: (request, response) => {
      if (!path.test(request.url ?? "") || left-- <= 0) return false;
      answer(request, response);
      return true;
    },
  };
}

const send =
  (body: string | Buffer, headers: Record<string, string> = {}, status = 200): Answer =>
  (_, response) => {
    response.writeHead(status, { "Content-Length": String(body.length), ...headers }).end(body);
  };

/** Sends a byte again and again. */
const drip: Answer = (_, response) => {
  response.write(" ");
  const timer = setInterval(() => response.write(" "), 20);
  response.on("close", () => {
    clearInterval(timer);
  });
};

/** Sends without end, as fast as it is read. */
const flood: Answer = (_, response) => {
  const more = (): void => {
    while (!response.destroyed && response.write(Buffer.alloc(2 ** 20, " ")));
  };
  response.on("drain", more);
  response.on("error", () => undefined);
  more();
};

const repository = (id = "org/plain"): string => join(cacheDir, `models--${id.replace("/", "--")}`);
const blob = (content: Buffer, name = sha256(content)): string => join(repository(), "blobs", name);
const namesIn = (folder: string): Promise<string[]> => readdir(folder).catch(() => []);
const isWhole = async ({ folder }: HubResolution): Promise<boolean> =>
  weights.equals(await readFile(join(folder, single))) &&
  config.equals(await readFile(join(folder, "config.json")));

describe("an answer of the hub's API", () => {
  test("that lists files without end is left", async () => {
    when(/\/tree\//, send("[]", { Link: `<${hub.endpoint}/api/models/org/plain/tree/x>; rel="next"` }));
    expect(await refusal()).toContain("lists files without end (101 pages)");
    expect(hub.requests.length).toBeLessThan(110);
  });

  test("that goes on at another host is not followed, and the token stays here", async () => {
    when(/\/tree\//, send("[]", { Link: `<${other.endpoint}/api/models/org/plain/tree/main>; rel="next"` }));
    expect(await refusal()).toContain(`goes on at another host, ${new URL(other.endpoint).host}`);
    expect(other.requests).toEqual([]);
  });

  test("that redirects to another host is followed without the token", async () => {
    when(/\/revision\//, (request, response) => {
      response.writeHead(307, { Location: other.endpoint + (request.url ?? "") }).end();
    });
    expect(await isWhole(await resolve())).toBe(true);
    expect(other.authorizations).toEqual([""]);
    expect(hub.authorizations).toContain(`Bearer ${token}`);
  });

  test.each([
    ["/api/models/org/plain/revision/main", "redirects more than 10 times"],
    ["data:application/json,{}", "which is less safe"],
    ["file:///etc/passwd", "which is less safe"],
    ["http://me:secret@127.0.0.1:1/", "which is less safe"],
    ["http://[", "expected the hub's answer"],
    ["", "expected the hub's answer"],
  ])("that redirects to %j is left", async (location, expected) => {
    when(/\/revision\//, send("", location === "" ? {} : { Location: location }, 302));
    const message = await refusal();
    expect(message).toContain(expected);
    expect(message).not.toContain("secret");
    expect(hub.requests.length).toBeLessThan(13);
  });

  test.each(["revision", "tree"])("to %s that never ends is left", async (question) => {
    when(new RegExp(`/${question}/`), flood);
    expect(await refusal()).toMatch(/answers without end \(\d+ bytes\)/);
  });

  test.each(["revision", "tree", "resolve"])("to %s that drips is left", async (question) => {
    when(new RegExp(`/${question}/`), drip);
    expect(await refusal({ idleTimeoutMs: 200 })).toMatch(/out of reach: only \d+ bytes came in 0.\d s/);
  });

  test("that comes in time, again and again, is left after a while", async () => {
    when(/\/revision\//, (_, response) => {
      const timer = setInterval(() => response.write(Buffer.alloc(2000, " ")), 20);
      response.on("close", () => {
        clearInterval(timer);
      });
    });
    expect(await refusal({ timeoutMs: 50 })).toContain("no whole answer for 0.4 s");
  });

  test.each([
    ["deep", "[".repeat(100_000)],
    ["no list", '{"a": 1}'],
    ["a list of nothing", "[null]"],
    ["cut off", '[{"type": "file", "path": "config.json"'],
    ["no JSON", "\0\u0001\u0002"],
    ["a web page", "<!doctype html><title>Log in</title>"],
  ])("that is %s is no answer", async (_, body) => {
    when(/\/tree\//, send(body));
    expect(await refusal()).toContain("found something else");
  });
});

describe("a listing", () => {
  const list = (...entries: object[]): void => {
    when(/\/tree\//, send(JSON.stringify(entries), { "Content-Type": "application/json" }));
  };
  const entryOf = (path: string, content: Buffer, more: object = {}): object => ({
    type: "file",
    path,
    size: content.length,
    oid: gitHash(content),
    ...more,
  });
  const lfs = (oid: string, size: number): object => ({ lfs: { oid, size, pointerSize: 134 }, size });

  test.each([
    ["a negative size", { size: -1 }],
    ["a broken size", { size: 1.5 }],
    ["a size in words", { size: "many" }],
    ["no size", { size: null }],
    ["no hash", { oid: "" }],
    ["a path for a hash", { oid: "../../../../etc/passwd" }],
    ["a hash in capitals", { oid: "A".repeat(40) }],
    ["a short hash", { oid: "abc" }],
  ])("with %s is no listing", async (_, more) => {
    list(entryOf("config.json", config, more), entryOf(single, weights));
    expect(await refusal()).toContain("found something else");
    expect(await namesIn(cacheDir)).toEqual([]);
  });

  test.each([
    "../config.json",
    "/config.json",
    "..\\config.json",
    "vae/../config.json",
    "config.json\u001b[2J",
  ])("of the path %j offers no config.json", async (path) => {
    list(entryOf(path, config), entryOf(single, weights));
    const message = await refusal({}, "org/plain", "NOT_FOUND");
    expect(message).toContain("expected config.json, found ");
    expect(message).not.toContain("\u001b");
    expect(await namesIn(cacheDir)).toEqual([]);
  });

  test("whose subfolder is another one is no listing", async () => {
    list(entryOf("xxx/config.json", config), entryOf(`xxx/${single}`, weights));
    expect(await refusal({ subfolder: "vae" })).toContain("found something else");
  });

  test("of a config of gigabytes is refused before it is fetched", async () => {
    list(entryOf("config.json", config, { size: 3e9 }), entryOf(single, weights));
    expect(await refusal()).toContain("lists config.json with 3000000000 bytes, more than any config has");
    expect(hub.requests.some((path) => path.includes("/resolve/"))).toBe(false);
  });

  test("of more than the disk has room for is refused before anything is fetched", async () => {
    list(entryOf("config.json", config), entryOf(single, weights, lfs(sha256(weights), 2 ** 52)));
    const message = await refusal({}, "org/plain", "IO");
    expect(message).toMatch(/org\/plain needs 45\d{14} bytes more, found \d+ free. Free some space/);
    expect(hub.requests.some((path) => path.includes("/resolve/"))).toBe(false);
    expect(await namesIn(repository())).toEqual([]);
  });
});

describe("a file of the hub", () => {
  test("needs room for what is missing of it alone", async () => {
    const { bavail, bsize } = await statfs(cacheDir);
    const part = join(repository(), "blobs", `${sha256(weights)}.vaekit-incomplete`);
    await mkdir(dirname(part), { recursive: true });
    await writeFile(part, "");
    // Without blocks on the disk; others who write there meanwhile change less than the half of it.
    await truncate(part, 2 ** 33);
    const entries = [
      { type: "file", path: "config.json", size: config.length, oid: gitHash(config) },
      {
        type: "file",
        path: single,
        size: 1,
        oid: "",
        lfs: { oid: sha256(weights), size: bavail * bsize + 2 ** 32 },
      },
    ];
    when(/\/(tree|cdn)\//, (request, response) => {
      if (request.url?.includes("/tree/") === true) response.end(JSON.stringify(entries));
      else response.writeHead(500).end();
    });
    expect(await refusal()).toContain("answered 500");
    await rm(part);
    expect(await refusal({}, "org/plain", "IO")).toContain("bytes more, found ");
  });

  test.each([
    ["config.json", /resolve.*config\.json/, {}],
    [single, /cdn.*safetensors/, {}],
    ["config.json", /resolve.*config\.json/, { "Transfer-Encoding": "chunked" }],
  ])("%s that is a login page for once is not kept", async (name, path, headers) => {
    when(
      path,
      (_, response) =>
        response
          .writeHead(200, { "Content-Type": "text/html; charset=utf-8", ...headers })
          .end("<html>Log in"),
      1,
    );
    const message = await refusal();
    expect(message).toContain(`org/plain: ${name} from ${hub.endpoint}: expected `);
    expect(message).toContain("a login page may stand between");
    expect(
      (await namesIn(join(repository(), "blobs"))).filter((each) => each.includes("incomplete")),
    ).toEqual([]);
    expect(await namesIn(join(repository(), "refs"))).toEqual([]);
    expect(await isWhole(await resolve())).toBe(true);
  });

  test("of another content and the same size is not kept, small ones too", async () => {
    const forged = Buffer.from(config.toString().replace("4", "8"));
    when(/resolve.*config\.json/, send(forged), 1);
    expect(await refusal()).toContain(
      `config.json from ${hub.endpoint}: expected git hash ${gitHash(config)}`,
    );
    expect(await namesIn(join(repository(), "blobs"))).toEqual([]);
    expect(await isWhole(await resolve())).toBe(true);
  });

  test("that is longer than listed is left, announced or not", async () => {
    const longer = Buffer.concat([weights, Buffer.from("more")]);
    when(/cdn/, send(longer));
    expect(await refusal()).toContain(
      `expected ${weights.length} bytes, the answer has ${longer.length} bytes`,
    );
    when(/cdn/, flood);
    expect(await refusal()).toContain(`expected ${weights.length} bytes, found more`);
    expect(await namesIn(join(repository(), "blobs"))).toEqual([gitHash(config)]);
  });

  test("that cannot be placed where a folder stands is an error that names it", async () => {
    await mkdir(join(blob(config, gitHash(config)), "x"), { recursive: true });
    expect(await refusal({}, "org/plain", "IO")).toContain("expected a file of the cache, found a folder");
  });
});

describe("a part of a file", () => {
  const parked = (): string => `${blob(weights)}.vaekit-incomplete`;
  const leavePart = async (part: Buffer): Promise<void> => {
    await mkdir(dirname(parked()), { recursive: true });
    await writeFile(parked(), part);
  };
  const noPartIsLeft = async (): Promise<void> => {
    expect((await namesIn(dirname(parked()))).sort()).toEqual([sha256(weights), gitHash(config)].sort());
  };

  test("is continued", async () => {
    await leavePart(weights.subarray(0, 40_000));
    expect(await isWhole(await resolve())).toBe(true);
    expect(hub.ranges).toEqual(["bytes=40000-"]);
    await noPartIsLeft();
  });

  test.each<[string, Answer]>([
    ["ignores Range", send(weights)],
    [
      "sends another range",
      (_, response) => {
        const range = `bytes 0-${weights.length - 1}/${weights.length}`;
        response.writeHead(206, { "Content-Range": range }).end(weights);
      },
    ],
    [
      "knows no range",
      (request, response) => {
        if (request.headers.range === undefined) response.end(weights);
        else response.writeHead(416, { "Content-Range": `bytes */${weights.length}` }).end("no such range");
      },
    ],
  ])("is begun anew by a hub that %s", async (_, answer) => {
    await leavePart(weights.subarray(0, 40_000));
    when(/cdn/, answer);
    expect(await isWhole(await resolve())).toBe(true);
    await noPartIsLeft();
  });

  test("of another content is thrown away, and the file comes whole in the same call", async () => {
    await leavePart(Buffer.alloc(40_000, "another file"));
    expect(await isWhole(await resolve())).toBe(true);
    expect(hub.ranges).toEqual(["bytes=40000-"]);
    await noPartIsLeft();
  });

  test("that is too long is thrown away", async () => {
    await leavePart(Buffer.concat([weights, weights]));
    expect(await isWhole(await resolve())).toBe(true);
    expect(hub.ranges).toEqual([]);
    await noPartIsLeft();
  });

  test.each(["a symbolic link", "a second name"])("that is %s is not written through", async (kind) => {
    const victim = join(cacheDir, "victim");
    await writeFile(victim, "precious");
    await mkdir(dirname(parked()), { recursive: true });
    await (kind === "a symbolic link" ? symlink(victim, parked()) : link(victim, parked()));
    expect(await isWhole(await resolve())).toBe(true);
    expect(await readFile(victim, "utf8")).toBe("precious");
    await noPartIsLeft();
  });

  test("that is a folder is put away", async () => {
    await mkdir(join(parked(), "x"), { recursive: true });
    expect(await isWhole(await resolve())).toBe(true);
    await noPartIsLeft();
  });

  test("of a process that was killed is continued at once, and that of a living one is left alone", async () => {
    hub.behaviour = { cutAfterBytes: 30_000 };
    await refusal();
    const names: string[] = [];
    hub.behaviour = {
      answer: (request) => {
        if (request.url?.startsWith("/cdn/") === true) setTimeout(() => void note(), 0);
        return false;
      },
    };
    const note = async (): Promise<void> => {
      names.push(...(await namesIn(dirname(parked()))).filter((name) => name.endsWith("-incomplete")));
    };
    hub.behaviour.stallAfterBytes = 1000;
    await refusal({ idleTimeoutMs: 300 });
    expect(names).toHaveLength(1);
    // The name of a part tells its process; no process has this number.
    const living = join(dirname(parked()), names[0] ?? "");
    const dead = living.replace(/-\d+-/, "-999999999-");
    await writeFile(dead, weights.subarray(0, 50_000));
    await rm(parked());
    await writeFile(living, weights.subarray(0, 55_000));
    hub.behaviour = {};
    hub.ranges.length = 0;
    expect(await isWhole(await resolve())).toBe(true);
    expect(hub.ranges).toEqual(["bytes=50000-"]);
    expect((await namesIn(dirname(parked()))).filter((name) => name.endsWith("-incomplete"))).toEqual(names);
  });
});

describe("the cache", () => {
  test.each([
    [
      "config.json, forged",
      () => blob(config, gitHash(config)),
      Buffer.from(config.toString().replace("4", "8")),
    ],
    ["config.json, a login page", () => blob(config, gitHash(config)), Buffer.from("<html>")],
    ["config.json, empty", () => blob(config, gitHash(config)), Buffer.alloc(0)],
    ["weights, cut off", () => blob(weights), weights.subarray(0, 30_000)],
    ["weights, too long", () => blob(weights), Buffer.concat([weights, Buffer.alloc(9)])],
    ["weights, without their header", () => blob(weights), Buffer.alloc(weights.length)],
  ])("damaged in %s is said to be without a network, and mended with one", async (_, path, content) => {
    await resolve();
    await writeFile(path(), content);
    const message = await refusal({ localFilesOnly: true });
    expect(message).toContain(`${path()} is damaged: expected `);
    expect(await refusal({ endpoint: "http://127.0.0.1:1" })).toContain("The cached copy cannot stand in: ");
    expect(await isWhole(await resolve())).toBe(true);
    expect(warnings).toEqual([expect.stringContaining(`${path()} is damaged: fetching`)]);
    await expect(resolve({ localFilesOnly: true })).resolves.toHaveProperty("commit", commit);
  });

  test("of a mirror that names small files by another hash is no damage", async () => {
    const { folder } = await resolve();
    for (const name of [
      createHash("sha1").update(config).digest("hex"),
      "0123456789abcdef0123456789abcdef",
      "etag",
    ]) {
      await rm(join(folder, "config.json"));
      await writeFile(blob(config, name), config);
      await symlink(join("../../blobs", name), join(folder, "config.json"));
      expect(await resolve({ localFilesOnly: true })).toHaveProperty("commit", commit);
    }
  });

  test("whose damaged file was deleted by its link alone fetches the content again", async () => {
    const { folder } = await resolve();
    await rm(join(folder, single));
    await writeFile(blob(weights), weights.subarray(0, 100));
    expect(await isWhole(await resolve())).toBe(true);
  });

  test("says which shard is missing, and which link leads nowhere", async () => {
    const { folder } = await resolve({}, "org/sharded");
    await rm(join(folder, shards[1]));
    const options = { localFilesOnly: true };
    expect(await refusal(options, "org/sharded")).toContain(`${join(folder, shards[1])} is missing`);
    await resolve({}, "org/sharded");
    await rm(await realpath(join(folder, shards[0])));
    expect(await refusal(options, "org/sharded")).toContain(`${join(folder, shards[0])} is missing`);
  });

  test.each(["config.json", single])("with a link for %s to outside of it is refused", async (name) => {
    const { folder } = await resolve();
    const outside = await mkdtemp(join(tmpdir(), "vaekit-outside-"));
    await writeFile(join(outside, name), name === single ? weights : config);
    await rm(join(folder, name));
    await symlink(join(outside, name), join(folder, name));
    for (const options of [{ localFilesOnly: true }, {}]) {
      expect(await refusal(options, "org/plain", "IO")).toContain(
        `found a link to ${join(outside, name)}, outside of it`,
      );
    }
    await rm(outside, { recursive: true });
  });

  test.each(["blob", "snapshot"])("with a pipe for a %s is refused and left as it is", async (kind) => {
    const pointer = join((await resolve()).folder, "config.json");
    const place = kind === "blob" ? await realpath(pointer) : pointer;
    await rm(place);
    execFileSync("mkfifo", [place]);
    expect(await refusal({}, "org/plain", "IO")).toContain(
      `${place}: expected a file of the cache, found a device or a pipe. Remove it.`,
    );
    expect(await refusal({ localFilesOnly: true })).toContain(`${pointer} is missing`);
    expect((await lstat(place)).isFIFO()).toBe(true);
  });

  test("with a pipe for a revision is not asked for it, and says so", async () => {
    const reference = join(repository(), "refs", "main");
    await mkdir(dirname(reference), { recursive: true });
    execFileSync("mkfifo", [reference]);
    expect(await isWhole(await resolve())).toBe(true);
    expect(warnings.join()).toContain("refs/main: expected a file to write, found a device or a pipe.");
    expect((await lstat(reference)).isFIFO()).toBe(true);
  });

  test("with a folder that leads outside is not written through", async () => {
    const outside = await mkdtemp(join(tmpdir(), "vaekit-outside-"));
    await mkdir(join(repository(), "snapshots"), { recursive: true });
    await symlink(outside, join(repository(), "snapshots", commit));
    expect(await refusal({}, "org/plain", "IO")).toContain("outside of it");
    expect(await namesIn(outside)).toEqual([]);
    await rm(outside, { recursive: true });
  });

  test("may lie on another disk, by links of the repository's folder or its blobs", async () => {
    const elsewhere = await realpath(await mkdtemp(join(tmpdir(), "vaekit-disk-")));
    await symlink(elsewhere, repository());
    expect(await isWhole(await resolve())).toBe(true);
    await expect(resolve({ localFilesOnly: true })).resolves.toHaveProperty("commit", commit);
    await rm(elsewhere, { recursive: true });
  });

  test("has a revision only once all files of it are there", async () => {
    when(/cdn.*00002/, send("", {}, 500));
    await refusal({}, "org/sharded");
    expect(await namesIn(join(repository("org/sharded"), "refs"))).toEqual([]);
    hub.behaviour = {};
    const { folder } = await resolve({}, "org/sharded");
    expect(await readFile(join(repository("org/sharded"), "refs", "main"), "utf8")).toBe(commit);
    expect(await readlink(join(folder, shards[1]))).toMatch(/^\.\.\/\.\.\/blobs\/[0-9a-f]{64}$/);
  });
});

describe("the caller's signal", () => {
  const openFiles = async (): Promise<number> => (await namesIn("/proc/self/fd")).length;

  test.each(["revision", "tree", "resolve"])("ends a question to %s", async (question) => {
    const controller = new AbortController();
    when(new RegExp(`/${question}/`), () => {
      controller.abort();
    });
    expect(await refusal({ signal: controller.signal }, "org/plain", "ABORTED")).toContain("aborted");
  });

  test("ends a download; its part is kept and continued, and no file stays open", async () => {
    await resolve({}, "org/sharded");
    const openBefore = await openFiles();
    for (const keptBytes of [10_000, 20_000]) {
      const controller = new AbortController();
      hub.behaviour = { stallAfterBytes: 10_000 };
      const onProgress = ({ file, loadedBytes }: { file: string; loadedBytes: number }): void => {
        if (file === single && loadedBytes === keptBytes) controller.abort();
      };
      await refusal({ signal: controller.signal, onProgress }, "org/plain", "ABORTED");
      expect(
        (await readFile(`${blob(weights)}.vaekit-incomplete`)).equals(weights.subarray(0, keptBytes)),
      ).toBe(true);
    }
    hub.behaviour = {};
    expect(await isWhole(await resolve())).toBe(true);
    expect(hub.ranges).toEqual(["bytes=10000-", "bytes=20000-"]);
    await vi.waitFor(async () => {
      // Kept connections of one request at a time.
      expect((await openFiles()) - openBefore).toBeLessThanOrEqual(2);
    });
  });
});
