import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, readlink, realpath, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";

import { commit, startHubServer } from "../../../test/hub-server.ts";
import type { HubServer } from "../../../test/hub-server.ts";
import { resolveFromHub } from "./index.ts";
import type { FileProgress } from "../../files/index.ts";
import type { HubOptions } from "./index.ts";

const weights = randomBytes(300_000);
const config = Buffer.from('{"_class_name": "AutoencoderKL"}');
const single = "diffusion_pytorch_model.safetensors";
const shards = [
  "diffusion_pytorch_model-00001-of-00002.safetensors",
  "diffusion_pytorch_model-00002-of-00002.safetensors",
];
const weightMap = JSON.stringify({ weight_map: { a: shards[0], b: shards[1] } });

let hub: HubServer;
let cacheDir: string;

beforeAll(async () => {
  hub = await startHubServer({
    "org/plain": {
      "config.json": config,
      "README.md": Buffer.from("read me"),
      [single]: weights,
      "diffusion_pytorch_model.fp16.safetensors": weights.subarray(0, 1000),
      "diffusion_pytorch_model.bin": weights,
    },
    "org/pipeline": {
      "model_index.json": Buffer.from("{}"),
      "vae/config.json": config,
      [`vae/${single}`]: weights,
      [`unet/${single}`]: weights,
      "deep/er/config.json": config,
      [`deep/er/${single}`]: weights,
    },
    "org/sharded": {
      "config.json": config,
      "diffusion_pytorch_model.safetensors.index.json": Buffer.from(weightMap),
      [shards[0]!]: weights.subarray(0, 500),
      [shards[1]!]: weights.subarray(500),
    },
    "org/pickle": { "config.json": config, "diffusion_pytorch_model.bin": weights },
    "org/other": { "model.safetensors": weights },
    "org/evil": {
      "config.json": config,
      "diffusion_pytorch_model.safetensors.index.json": Buffer.from(
        '{"weight_map": {"a": "../../../x.safetensors"}}',
      ),
    },
  });
});

beforeEach(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), "vaekit-hub-"));
  // A developer's own settings must not reach these tests.
  for (const name of ["HF_TOKEN", "HF_ENDPOINT", "HF_HUB_OFFLINE", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"]) {
    vi.stubEnv(name, "");
  }
  vi.stubEnv("HF_HOME", cacheDir);
  hub.behaviour = {};
  hub.requests.length = 0;
  hub.ranges.length = 0;
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(cacheDir, { recursive: true, force: true });
});

afterAll(() => hub.close());

function resolve(id: string, options: HubOptions = {}): Promise<{ folder: string }> {
  return resolveFromHub(id, { endpoint: hub.endpoint, cacheDir, ...options });
}

const blobNames = (id: string): Promise<string[]> =>
  readdir(join(cacheDir, `models--${id.replace("/", "--")}`, "blobs"));
const unfinished = async (id: string): Promise<string[]> =>
  (await blobNames(id)).filter((name) => name.includes("incomplete"));

describe("a download", () => {
  test("fetches config and weights alone, into Python's layout", async () => {
    const { folder } = await resolve("org/plain");
    const repository = join(cacheDir, "models--org--plain");
    expect(folder).toBe(join(repository, "snapshots", commit));
    expect((await readdir(folder)).sort()).toEqual(["config.json", single]);
    expect(weights.equals(await readFile(join(folder, single)))).toBe(true);
    expect(await readFile(join(repository, "refs", "main"), "utf8")).toBe(commit);
    expect(await readlink(join(folder, single))).toMatch(/^\.\.\/\.\.\/blobs\/[0-9a-f]{64}$/);
    expect(await blobNames("org/plain")).toHaveLength(2);
  });

  test("is not repeated: the second call asks for the commit only, and a commit asks nothing", async () => {
    const first = await resolve("org/plain");
    hub.requests.length = 0;
    expect(await resolve("org/plain")).toEqual(first);
    expect(hub.requests).toEqual(["GET /api/models/org/plain/revision/main"]);
    hub.requests.length = 0;
    expect(await resolve("org/plain", { revision: commit })).toEqual(first);
    expect(hub.requests).toEqual([]);
  });

  test("reports progress that rises to the file's size", async () => {
    const events: FileProgress[] = [];
    await resolve("org/plain", { onProgress: (event) => events.push(event) });
    const loaded = events.filter((event) => event.file === single).map((event) => event.loadedBytes);
    expect(loaded).toEqual([...loaded].sort((a, b) => a - b));
    expect(events.at(-1)).toEqual({ file: single, loadedBytes: weights.length, totalBytes: weights.length });
  });

  test("takes a variant, a pipeline's vae, a subfolder and shards", async () => {
    const variant = await resolve("org/plain", { variant: "fp16" });
    expect((await readdir(variant.folder)).sort()).toEqual([
      "config.json",
      "diffusion_pytorch_model.fp16.safetensors",
    ]);
    expect((await resolve("org/pipeline")).folder).toBe(
      join(cacheDir, "models--org--pipeline/snapshots", commit, "vae"),
    );
    const deep = await resolve("org/pipeline", { subfolder: "deep/er" });
    expect(weights.equals(await readFile(join(deep.folder, single)))).toBe(true);
    const sharded = await resolve("org/sharded");
    expect(weights.subarray(500).equals(await readFile(join(sharded.folder, shards[1]!)))).toBe(true);
  });

  test("uses the token for the hub and keeps it out of messages", async () => {
    hub.behaviour = { token: "secret-token" };
    await expect(resolve("org/plain", { token: "wrong-token" })).rejects.toThrow(/token was refused/);
    const error: unknown = await resolve("org/plain", { token: "wrong-token" }).catch(
      (thrown: unknown) => thrown,
    );
    expect(String(error)).not.toContain("wrong-token");
    vi.stubEnv("HF_TOKEN", "secret-token");
    await expect(resolve("org/plain")).resolves.toHaveProperty("commit", commit);
  });
});

describe("an interrupted download", () => {
  test("leaves no file behind that looks whole, and the next call continues it", async () => {
    hub.behaviour = { cutAfterBytes: 100_000 };
    await expect(resolve("org/plain")).rejects.toMatchObject({ code: "HUB" });
    expect(await unfinished("org/plain")).toHaveLength(1);
    await expect(resolve("org/plain", { localFilesOnly: true })).rejects.toThrow(/not complete in the cache/);
    hub.behaviour = {};
    const { folder } = await resolve("org/plain");
    expect(weights.equals(await readFile(join(folder, single)))).toBe(true);
    expect(hub.ranges).toEqual(["bytes=100000-"]);
    expect(await unfinished("org/plain")).toEqual([]);
  });

  test("that a killed process left behind is continued once nobody can be writing to it", async () => {
    const { folder } = await resolve("org/plain");
    const blob = await realpath(join(folder, single));
    const left = `${blob}.0a1b2c3d.vaekit-incomplete`;
    await rm(join(folder, single));
    await rm(blob);
    await writeFile(left, weights.subarray(0, 70_000));
    await utimes(left, 0, 0);
    await resolve("org/plain");
    expect(weights.equals(await readFile(blob))).toBe(true);
    expect(hub.ranges).toEqual(["bytes=70000-"]);
    expect(await unfinished("org/plain")).toEqual([]);
  });

  test("ends when no byte comes, and when the signal fires", async () => {
    hub.behaviour = { stallAfterBytes: 1000 };
    await expect(resolve("org/plain", { idleTimeoutMs: 200 })).rejects.toThrow(/no answer for 0.2 s/);
    await expect(resolve("org/plain", { signal: AbortSignal.timeout(300) })).rejects.toMatchObject({
      code: "ABORTED",
    });
  });

  test("with wrong bytes is refused and thrown away", async () => {
    hub.behaviour = { isCorrupt: true };
    await expect(resolve("org/plain")).rejects.toThrow(/expected SHA-256/);
    expect(await unfinished("org/plain")).toEqual([]);
  });

  test("of two callers at once gives both the whole file", async () => {
    const [first, second] = await Promise.all([resolve("org/plain"), resolve("org/plain")]);
    expect(first).toEqual(second);
    expect(weights.equals(await readFile(join(first.folder, single)))).toBe(true);
    expect(await unfinished("org/plain")).toEqual([]);
  });
});

describe("without the network", () => {
  test("the cache answers, by option or HF_HUB_OFFLINE, and no request is made", async () => {
    const online = await resolve("org/pipeline");
    hub.requests.length = 0;
    expect(await resolve("org/pipeline", { localFilesOnly: true })).toEqual(online);
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    expect(await resolve("org/pipeline")).toEqual(online);
    await expect(resolve("org/plain")).rejects.toThrow(/Fetch it once/);
    expect(hub.requests).toEqual([]);
  });

  test("a cached copy stands in for a hub out of reach, with a warning", async () => {
    const online = await resolve("org/plain");
    const warnings: string[] = [];
    const onWarning = (message: string): number => warnings.push(message);
    expect(await resolve("org/plain", { endpoint: "http://127.0.0.1:1", onWarning })).toEqual(online);
    expect(warnings).toEqual([expect.stringMatching(/out of reach.*Using the cached copy/)]);
  });
});

describe("a refusal", () => {
  test.each([
    [404, "RepoNotFound", "NOT_FOUND", /no such model or it is private; check the id, or set HF_TOKEN/],
    [404, "RevisionNotFound", "NOT_FOUND", /no revision "main"/],
    [401, "", "HUB", /private or gated. Check the id, or set HF_TOKEN/],
    [403, "GatedRepo", "HUB", /Accept its terms at http/],
    [500, "", "HUB", /the hub's own fault. Try again/],
    [418, "", "HUB", /answered 418/],
  ])(
    "of status %i %s names the id, the endpoint and the remedy",
    async (status, errorCode, code, message) => {
      hub.behaviour = { status, errorCode };
      const error: unknown = await resolve("org/plain").catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ name: "VaekitError", code });
      expect(String(error)).toMatch(message);
      expect(String(error)).toContain(`org/plain: the hub at ${hub.endpoint}`);
    },
  );

  test("comes in time from a hub that hangs, that is absent, or that is no hub", async () => {
    hub.behaviour = { isHanging: true };
    await expect(resolve("org/plain", { timeoutMs: 200 })).rejects.toThrow(/no answer for 0.2 s/);
    await expect(resolve("org/plain", { endpoint: "http://127.0.0.1:1" })).rejects.toThrow(/out of reach/);
    hub.behaviour = { page: "<html>Please log in</html>" };
    await expect(resolve("org/plain")).rejects.toThrow(/whether a login page stands between/);
  });

  test("meets models without usable weights", async () => {
    await expect(resolve("org/pickle")).rejects.toThrow(/pickled weights \(\.bin\) only/);
    await expect(resolve("org/other")).rejects.toThrow(/expected config.json, found model.safetensors/);
    await expect(resolve("org/plain", { variant: "bf16" })).rejects.toThrow(/found .*"fp16"/);
    await expect(resolve("org/pipeline", { subfolder: "nothing" })).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
    await expect(resolve("org/evil")).rejects.toMatchObject({ code: "INVALID_FILE" });
  });

  test("meets ids, revisions and endpoints that cannot be", async () => {
    await expect(resolve("just-a-name")).rejects.toThrow(/expected org\/name/);
    await expect(resolve("../../etc/passwd")).rejects.toThrow(/expected org\/name/);
    await expect(resolve("org/plain", { revision: "../../../x" })).rejects.toThrow(/Revision: expected/);
    await expect(resolve("org/plain", { subfolder: "/etc" })).rejects.toThrow(/Subfolder: expected/);
    const error: unknown = await resolve("org/plain", { endpoint: "http://me:pass@host" }).catch(
      (e: unknown) => e,
    );
    expect(String(error)).toMatch(/without user name, password and query/);
    expect(String(error)).not.toContain("me:pass");
    expect(hub.requests).toEqual([]);
  });
});
