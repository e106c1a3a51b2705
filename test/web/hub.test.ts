/** Models of the hub in the browser: by their id, with what Node's opening says of them. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openVae, type FileProgress, type OpenVaeOptions, type WebVae } from "../../src/web/index.ts";
import { saveTinyModel, temporaryFolder } from "../cli/run-cli.ts";
import { commit, startHubServer, type HubServer } from "../hub-server.ts";
import { MemoryCache } from "./model-server.ts";

const weightsName = "diffusion_pytorch_model.safetensors";
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let hub: HubServer;
let weights: Buffer;
let cache: MemoryCache;
let warnings: string[];

beforeAll(async () => {
  folder = await temporaryFolder();
  await saveTinyModel(folder.path);
  const config = await readFile(join(folder.path, "config.json"));
  weights = await readFile(join(folder.path, weightsName));
  const model = { "config.json": config, [weightsName]: weights };
  const inFolder = (name: string): Record<string, Buffer> =>
    Object.fromEntries(Object.entries(model).map(([file, content]) => [`${name}/${file}`, content]));
  hub = await startHubServer({
    "org/alone": model,
    "org/pipeline": { "model_index.json": Buffer.from("{}"), ...inFolder("vae"), ...inFolder("vae_1_0") },
    "org/other": {
      "config.json": Buffer.from('{"_class_name": "UNet2DConditionModel"}'),
      ...inFolder("vae"),
    },
    "org/pickled": { "config.json": config, "diffusion_pytorch_model.bin": Buffer.from([0x80, 2, 0x7d]) },
    "org/variant": { "config.json": config, "diffusion_pytorch_model.fp16.safetensors": weights },
    "org/single": { "vae.safetensors": weights },
  });
});
afterAll(async () => {
  await hub.close();
  await folder.remove();
});
beforeEach(() => {
  hub.behaviour = {};
  hub.requests.length = 0;
  hub.authorizations.length = 0;
  cache = new MemoryCache();
  warnings = [];
});

const open = (id: string, options: OpenVaeOptions = {}): Promise<WebVae> =>
  openVae(id, {
    endpoint: hub.endpoint,
    cache,
    onWarning: (message: string) => warnings.push(message),
    ...options,
  });
const visit = async (id: string, options: OpenVaeOptions = {}): Promise<string[]> => {
  hub.requests.length = 0;
  await using vae = await open(id, options);
  expect(vae.name).toBe(id);
  return [...hub.requests];
};
const refused = (code: string, message: string | RegExp): object => ({
  code,
  message: expect.stringMatching(message) as string,
});
const resolved = (id: string, path: string): string[] => [
  `GET /${id}/resolve/${commit}/${path}config.json`,
  `GET /${id}/resolve/${commit}/${path}${weightsName}`,
  `GET /cdn/${id}/resolve/${commit}/${path}${weightsName}`,
];

describe("a model of the hub", () => {
  test("is asked for by the commit of its revision", async () => {
    expect(await visit("org/alone")).toEqual([
      "GET /api/models/org/alone/revision/main",
      `GET /api/models/org/alone/tree/${commit}`,
      ...resolved("org/alone", ""),
    ]);
  });

  test("may be in the folder vae of a pipeline, or in any that is named", async () => {
    expect((await visit("org/pipeline")).slice(3)).toEqual(resolved("org/pipeline", "vae/"));
    expect(await visit("org/pipeline", { subfolder: "vae_1_0", revision: commit })).toEqual([
      `GET /api/models/org/pipeline/tree/${commit}/vae_1_0`,
      ...resolved("org/pipeline", "vae_1_0/"),
    ]);
    expect(warnings).toEqual([]);
    await visit("org/other");
    expect(warnings).toEqual([
      expect.stringMatching(/^org\/other: took the model in its folder vae; .*UNet2D/),
    ]);
  });

  test("may have variants", async () => {
    expect((await visit("org/variant", { variant: "fp16" })).at(-1)).toContain(".fp16.safetensors");
    await expect(open("org/variant")).rejects.toMatchObject(
      refused(
        "NOT_FOUND",
        /Expected weights without a variant, found "fp16"; pass one of these as `variant`/,
      ),
    );
  });

  test("is told of as it comes", async () => {
    const seen: FileProgress[] = [];
    await visit("org/pipeline", { onProgress: (event) => seen.push(event) });
    expect([...new Set(seen.map(({ file }) => file))]).toEqual(["vae/config.json", `vae/${weightsName}`]);
    expect(seen.at(-1)).toEqual({
      file: `vae/${weightsName}`,
      loadedBytes: weights.length,
      totalBytes: weights.length,
    });
  });
});

describe("the second visit", () => {
  test("asks for the revision's commit alone, and of a commit for nothing", async () => {
    await visit("org/pipeline");
    expect(await visit("org/pipeline")).toEqual(["GET /api/models/org/pipeline/revision/main"]);
    expect(await visit("org/pipeline", { revision: commit })).toEqual([]);
  });

  test("does without the hub, and says so", async () => {
    await visit("org/alone");
    hub.behaviour = { status: 503 };
    await visit("org/alone");
    expect(warnings).toEqual([
      expect.stringMatching(/^org\/alone: the hub at .* answered 503: .* The copy that was kept is used\.$/),
    ]);
  });
});

test("the token goes to the hub, and a given header to all", async () => {
  hub.behaviour = { token: "hf_secret" };
  await visit("org/alone", { token: " hf_secret\n" });
  expect(new Set(hub.authorizations)).toEqual(new Set(["Bearer hf_secret"]));
  await expect(open("org/alone", { token: false, cache: false })).rejects.toMatchObject(
    refused(
      "HUB",
      "answered 401: no such model, or it is private or gated. Check the id, or pass a `token`.",
    ),
  );
  await expect(open("org/alone", { token: "hf_sécret" })).rejects.toMatchObject(
    refused("HUB", /^Token: expected the letters(?!.*cret).* into the option `token`\.$/),
  );
  await expect(open("org/alone", { token: "hf_wrong", cache: false })).rejects.toMatchObject(
    refused("HUB", "the token was refused. Renew it in the hub's settings."),
  );
});

describe("a refusal of the hub says what to do:", () => {
  test.each<[string, OpenVaeOptions, string, RegExp]>([
    ["org/none", {}, "NOT_FOUND", /^org\/none: the hub at .* answered 404: no such model or it is private/],
    ["org/alone", { revision: "v9" }, "NOT_FOUND", /no revision "v9"\. Check the branch, tag or commit\./],
    ["org/alone", { subfolder: "vae" }, "NOT_FOUND", /no such file or folder \(subfolder "vae"\)/],
    ["org/alone", { subfolder: "../x" }, "HUB", /^Subfolder: expected a relative name/],
    ["org/alone", { revision: "a b" }, "HUB", /^Revision: expected a relative name/],
    ["org/alone", { endpoint: "hub" }, "INVALID_ARGUMENT", /^endpoint: expected an http or https address/],
    ["org/pickled", {}, "UNSUPPORTED", /^org\/pickled: expected safetensors weights, found only a pickle/],
    [
      "org/single",
      {},
      "NOT_FOUND",
      /^org\/single: expected config\.json, found vae\.safetensors\. .* opens by its URL/,
    ],
  ])("%s %j", async (id, options, code, message) => {
    await expect(open(id, options)).rejects.toMatchObject(refused(code, message));
  });

  test("a page in its place, and nobody at all", async () => {
    hub.behaviour = { page: "<!doctype html><html></html>" };
    await expect(open("org/alone")).rejects.toMatchObject(refused("HUB", "expected the hub's answer from"));
    await expect(open("org/alone", { endpoint: "http://127.0.0.1:1" })).rejects.toMatchObject(
      refused("HUB", /^org\/alone: the hub at http:\/\/127\.0\.0\.1:1 is out of reach: /),
    );
  });

  test("a file of another size than is listed", async () => {
    hub.behaviour = {
      answer: ({ url = "" }, response) => {
        if (!url.endsWith("config.json")) return false;
        response.end("{}");
        return true;
      },
    };
    await expect(open("org/alone")).rejects.toMatchObject(
      refused("IO", "as the hub lists, found 2. Try again."),
    );
  });
});
