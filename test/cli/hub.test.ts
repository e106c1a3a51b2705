import { mkdir, readdir, readFile } from "node:fs/promises";
import { spawn } from "node:child_process";
import { join } from "node:path";

import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";

import { startHubServer, type HubServer } from "../hub-server.ts";
import { program, runCli, saveTinyModel, spawnCli, temporaryFolder, type Outcome } from "./run-cli.ts";

const single = "diffusion_pytorch_model.safetensors";

let hub: HubServer;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let home: string;
let homes = 0;
let weights: Buffer;

beforeAll(async () => {
  folder = await temporaryFolder();
  const model = join(folder.path, "tiny");
  await saveTinyModel(model);
  weights = await readFile(join(model, single));
  const files = { "config.json": await readFile(join(model, "config.json")), [single]: weights };
  hub = await startHubServer({ "org/tiny": files });
});

beforeEach(async () => {
  home = join(folder.path, `home-${homes++}`);
  await mkdir(home);
  hub.behaviour = {};
  hub.requests.length = 0;
  hub.authorizations.length = 0;
  hub.ranges.length = 0;
});

afterAll(async () => {
  await hub.close();
  await folder.remove();
});

/** The environment of one case; an empty variable counts as unset. */
function environment(env: Readonly<Record<string, string>> = {}): Record<string, string> {
  const unset = [
    "HF_TOKEN",
    "HF_HOME",
    "HF_HUB_CACHE",
    "HF_HUB_OFFLINE",
    "XDG_CACHE_HOME",
    "HTTP_PROXY",
    "http_proxy",
  ];
  return {
    ...Object.fromEntries(unset.map((name) => [name, ""])),
    HOME: home,
    HF_ENDPOINT: hub.endpoint,
    NO_PROXY: "*",
    ...env,
  };
}

const inspect = (
  model: string,
  env: Readonly<Record<string, string>> = {},
  more: string[] = [],
): Promise<Outcome> => runCli(["inspect", model, ...more], { cwd: folder.path, env: environment(env) });

describe("a model of the hub", () => {
  test.each<[string, Record<string, string>, string]>([
    ["a token of blanks", { HF_TOKEN: " " }, ""],
    ["a token with a line break", { HF_TOKEN: "hf_good\nx" }, "Bearer hf_goodx"],
    ["the older name of the token", { HUGGING_FACE_HUB_TOKEN: "hf_old" }, "Bearer hf_old"],
    ["a home with a variable", { HF_HOME: "$HOME/x" }, ""],
  ])("opens with %s", async (_, env, authorization) => {
    const { code, stderr } = await inspect("org/tiny", env);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(hub.authorizations[0]).toBe(authorization);
    expect(
      await readdir(env.HF_HOME === undefined ? join(home, ".cache", "huggingface") : join(home, "x")),
    ).toEqual(["hub"]);
    expect(await readdir(folder.path)).not.toContain("$HOME");
  });

  test("is not asked for with TRANSFORMERS_OFFLINE", async () => {
    const { code, stderr } = await inspect("org/tiny", { TRANSFORMERS_OFFLINE: "1" });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^vaekit: org\/tiny: there is no folder.*downloads from .* are off\./);
    expect(hub.requests).toEqual([]);
  });
});

describe("a folder that is not there", () => {
  const absent = (name: string): string => `vaekit: ${name}: there is no folder or file of that name in `;

  test.each<[string, () => Record<string, string>, string]>([
    ["does not know it", () => ({}), "the hub at http://127.0.0.1:[0-9]+ answered 404: no such model"],
    [
      "is out of reach",
      () => ({ HF_ENDPOINT: "http://127.0.0.1:1" }),
      "the hub at .* is out of reach: its port is one that web clients never ask",
    ],
    [
      "is not to be asked",
      () => ({ HF_HUB_OFFLINE: "1" }),
      "as a model of the hub, models/vae .* is not complete in the cache",
    ],
    [
      "wants a token",
      () => {
        hub.behaviour = { token: "hf_other" };
        return {};
      },
      "the hub at .* answered 401: no such model, or it is private or gated",
    ],
  ])("is said to be missing before a hub that %s", async (_, prepare, rest) => {
    const { code, stderr } = await inspect("models/vae", prepare());
    expect(code).toBe(1);
    expect(stderr.startsWith(absent("models/vae"))).toBe(true);
    expect(stderr).toMatch(new RegExp(`; ${rest}`));
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
  });

  test.each([
    "./models/vae",
    "models/vae/",
    "models\\vae",
    "a/b/c",
    "my models/vae",
    "models/vae.safetensors",
  ])("%j is no model of the hub, and no request is made", async (name) => {
    const { code, stderr } = await inspect(name);
    expect(code).toBe(1);
    expect(stderr).toContain(`vaekit: ${name}: no such model: there is no folder or file of that name in `);
    expect(hub.requests).toEqual([]);
  });
});

describe("two processes", () => {
  const blobs = (): string => join(home, ".cache/huggingface/hub/models--org--tiny/blobs");
  const parts = async (): Promise<string[]> =>
    (await readdir(blobs()).catch(() => [])).filter((name) => name.endsWith("-incomplete"));

  test("fetch one model at once, each whole", async () => {
    const settings = { cwd: folder.path, env: environment() };
    const one = (): Promise<Outcome> => spawnCli(["inspect", "org/tiny"], settings);
    const outcomes = await Promise.all([one(), one()]);
    expect(outcomes.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
      Array(2).fill({ code: 0, stderr: "" }),
    );
    expect(await parts()).toEqual([]);
    expect(await readdir(blobs())).toHaveLength(2);
  });

  test("share the work when the first is killed", async () => {
    hub.behaviour = { stallAfterBytes: 5000 };
    const first = spawn(process.execPath, [program, "inspect", "org/tiny"], {
      cwd: folder.path,
      env: { ...process.env, ...environment() },
      stdio: "ignore",
    });
    const ended = new Promise((resolve) => first.on("close", resolve));
    await vi.waitFor(
      async () => {
        const [part = ""] = await parts();
        expect((await readFile(join(blobs(), part))).length).toBe(5000);
      },
      { timeout: 30_000 },
    );
    first.kill("SIGKILL");
    await ended;
    hub.behaviour = {};
    expect(await inspect("org/tiny")).toMatchObject({ code: 0, stderr: "" });
    expect(hub.ranges).toEqual(["bytes=5000-"]);
    expect(await parts()).toEqual([]);
  });
});
