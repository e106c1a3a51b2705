/** What openVae and fromPretrained pass on to the hub, and what of the hub's reaches the caller. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import {
  AutoencoderKL,
  openVae,
  readSafetensorsFile,
  writeSafetensorsFile,
  type OpenVaeOptions,
  type NodeVae,
} from "../../src/node/index.ts";
import { saveTinyModel, temporaryFolder } from "../cli/run-cli.ts";
import { commit, startHubServer, type HubServer } from "../hub-server.ts";

const weightsName = "diffusion_pytorch_model.safetensors";
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let hub: HubServer;
let cacheDir = "";
let caches = 0;

beforeAll(async () => {
  folder = await temporaryFolder();
  const model = join(folder.path, "model");
  await saveTinyModel(model);
  const config = await readFile(join(model, "config.json"));
  const weights = await readFile(join(model, weightsName));
  // Of other bytes, so that it is another file of the cache.
  const { tensors } = await readSafetensorsFile(join(model, weightsName));
  await writeSafetensorsFile(join(model, "variant"), tensors, { variant: "fp16" });
  hub = await startHubServer({
    "org/tiny": {
      "config.json": config,
      [weightsName]: weights,
      "diffusion_pytorch_model.fp16.safetensors": await readFile(join(model, "variant")),
      "sub/config.json": config,
      [`sub/${weightsName}`]: weights,
    },
  });
});
afterAll(async () => {
  await hub.close();
  await folder.remove();
});
beforeEach(() => {
  cacheDir = join(folder.path, `cache-${caches++}`);
  for (const name of ["HF_TOKEN", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"]) vi.stubEnv(name, "");
  vi.stubEnv("HF_HOME", cacheDir);
  vi.stubEnv("HF_ENDPOINT", "http://127.0.0.1:1");
  vi.stubEnv("NO_PROXY", "*");
  hub.behaviour = {};
  hub.requests.length = 0;
  hub.authorizations.length = 0;
});
afterEach(() => {
  vi.unstubAllEnvs();
});

type Open = (name: string, options: OpenVaeOptions) => Promise<NodeVae>;
const ways: [string, Open][] = [
  ["openVae", openVae],
  ["openVae of a half", (name, options) => openVae({ decoder: name }, options)],
  ["AutoencoderKL.fromPretrained", (name, options) => AutoencoderKL.fromPretrained(name, options)],
];

describe.each(ways)("%s", (_, way) => {
  const open = async (options: OpenVaeOptions = {}): Promise<void> => {
    const given = { device: "cpu", endpoint: hub.endpoint, cacheDir, ...options } as const;
    await using vae = await way("org/tiny", given);
    expect(vae.parameterCount).toBeGreaterThan(0);
  };

  test("asks the endpoint for the revision, the subfolder and the variant, with the token", async () => {
    await open({ revision: commit, subfolder: "sub", token: "hf_mine" });
    expect(hub.requests.at(-1)).toContain(`/resolve/${commit}/sub/${weightsName}`);
    expect(hub.authorizations[0]).toBe("Bearer hf_mine");
    await open({ variant: "fp16" });
    expect(hub.requests.at(-1)).toContain("/diffusion_pytorch_model.fp16.safetensors");
  });

  test("sends no token where it is told to, and else that of the environment", async () => {
    vi.stubEnv("HF_TOKEN", "hf_environment");
    await open({ token: false });
    expect(new Set(hub.authorizations)).toEqual(new Set([""]));
    await open({ revision: "main" });
    expect(hub.authorizations.at(-1)).toBe("Bearer hf_environment");
  });

  test("tells how far each file came", async () => {
    const last = new Map<string, number>();
    await open({
      onProgress: ({ file, loadedBytes, totalBytes }) => last.set(file, loadedBytes / totalBytes!),
    });
    expect([...last]).toEqual([
      ["config.json", 1],
      [weightsName, 1],
    ]);
  });

  test("keeps to the cache where it is told to, and else warns when the cache stands in", async () => {
    await expect(open({ localFilesOnly: true })).rejects.toMatchObject({
      code: "HUB",
      message: expect.stringMatching(
        /^org\/tiny: there is no folder or file of that name in .*; as a model of the hub, org\/tiny .* is not complete in the cache/,
      ) as string,
    });
    await open();
    hub.requests.length = 0;
    await open({ localFilesOnly: true });
    expect(hub.requests).toEqual([]);
    hub.behaviour = { status: 500 };
    const warnings: string[] = [];
    await open({ onWarning: (text) => warnings.push(text) });
    expect(warnings).toEqual([expect.stringContaining("Using the cached copy of org/tiny")]);
  });

  test("ends with the caller's signal, and after the caller's time-outs", async () => {
    await expect(open({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "ABORTED" });
    hub.behaviour = { isHanging: true };
    await expect(open({ timeoutMs: 30 })).rejects.toThrow("no answer for 0.03 s");
    hub.behaviour = { stallAfterBytes: 10 };
    await expect(open({ idleTimeoutMs: 40 })).rejects.toThrow("no answer for 0.04 s");
  });
});

test("a hub that does not know an id is said after that no folder has the name", async () => {
  const given = { device: "cpu", endpoint: hub.endpoint, cacheDir } as const;
  await expect(openVae("org/none", given)).rejects.toMatchObject({
    code: "NOT_FOUND",
    message: expect.stringMatching(
      /^org\/none: there is no folder or file of that name in .*; the hub at .* answered 404: no such model/,
    ) as string,
  });
});
