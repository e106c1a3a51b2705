/** What an address may lead to: a folder with one file of weights or shards, a pipeline's, or a single file. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { readSafetensorsFile } from "../../src/node/index.ts";
import {
  AutoencoderKL,
  openVae,
  type FileProgress,
  type ModelHalves,
  type OpenVaeOptions,
} from "../../src/web/index.ts";
import { encodeSafetensors } from "../../src/weights/index.ts";
import { saveTinyModel, temporaryFolder } from "../cli/run-cli.ts";
import { startModelServer, type ModelServer } from "./model-server.ts";

const weightsName = "diffusion_pytorch_model.safetensors";
let server: ModelServer;
let config: Buffer;
let weights: Buffer;
let files: Record<string, Buffer>;

beforeAll(async () => {
  const folder = await temporaryFolder();
  await saveTinyModel(folder.path);
  config = await readFile(join(folder.path, "config.json"));
  weights = await readFile(join(folder.path, weightsName));
  const { tensors } = await readSafetensorsFile(join(folder.path, weightsName));
  await folder.remove();
  const isEncoder = (name: string): boolean => /^(encoder|quant_conv)\./.test(name);
  const half = (is: boolean): Buffer =>
    Buffer.concat(encodeSafetensors([...tensors].filter(([name]) => isEncoder(name) === is)));
  const weight_map = Object.fromEntries(
    [...tensors.keys()].map((name) => [name, isEncoder(name) ? "a.safetensors" : "b.safetensors"]),
  );
  files = {
    "pipeline/vae/config.json": config,
    [`pipeline/vae/${weightsName}`]: weights,
    "pipeline/deep/er/config.json": config,
    [`pipeline/deep/er/${weightsName}`]: weights,
    "shards/config.json": config,
    [`shards/${weightsName}.index.json`]: Buffer.from(JSON.stringify({ weight_map })),
    "shards/a.safetensors": half(true),
    "shards/b.safetensors": half(false),
    "single/vae.safetensors": weights,
    "single/plain": weights,
    "single/config.json": config,
  };
  server = await startModelServer();
});
afterAll(() => server.close());
beforeEach(() => {
  server.files = files;
  server.answer = () => false;
  server.asked.length = 0;
});

async function open(path: string, options: OpenVaeOptions = {}): Promise<string[]> {
  await using vae = await openVae(`${server.origin}/${path}`, options);
  expect(vae.parameterCount).toBeGreaterThan(1000);
  return server.asked;
}

describe("an address leads to", () => {
  test("a pipeline, in whose folder vae the model is", async () => {
    expect(await open("pipeline")).toEqual([
      "GET /pipeline/config.json",
      "GET /pipeline/vae/config.json",
      `GET /pipeline/vae/${weightsName}`,
    ]);
  });

  test("a folder in which one is named", async () => {
    const paths = await open("pipeline", { subfolder: "deep/er" });
    expect(paths).toEqual(["GET /pipeline/deep/er/config.json", `GET /pipeline/deep/er/${weightsName}`]);
  });

  test("shards, where the whole is not there", async () => {
    expect(await open("shards")).toEqual([
      "GET /shards/config.json",
      `GET /shards/${weightsName}`,
      `GET /shards/${weightsName}.index.json`,
      "GET /shards/a.safetensors",
      "GET /shards/b.safetensors",
    ]);
    server.files = Object.fromEntries(
      Object.entries(files).filter(([path]) => path !== "shards/b.safetensors"),
    );
    await expect(open("shards")).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: expect.stringContaining("/shards/b.safetensors: not there, but ") as string,
    });
  });

  test("a single file, with a config from where it is said", async () => {
    for (const address of [
      `${server.origin}/single/config.json`,
      new URL("/single/config.json", server.origin),
    ]) {
      server.asked.length = 0;
      expect(await open("single/vae.safetensors?x=1", { config: address })).toEqual([
        "GET /single/vae.safetensors",
        "GET /single/config.json",
      ]);
    }
    await expect(open("single/vae.safetensors")).rejects.toMatchObject({ code: "INVALID_CONFIG" });
    // What an address leads to, its ending need not say.
    const given = { config: `${server.origin}/single/config.json` };
    await using vae = await AutoencoderKL.fromSingleFile(`${server.origin}/single/plain`, given);
    expect(vae.name).toBe(`${server.origin}/single/plain`);
  });

  test("two halves", async () => {
    const halves: ModelHalves = {
      encoder: `${server.origin}/shards/a.safetensors`,
      decoder: new Blob([Uint8Array.from(files["shards/b.safetensors"]!)]),
    };
    await using vae = await openVae(halves, { config: new Blob([Uint8Array.from(config)]) });
    await using whole = await openVae(`${server.origin}/pipeline`);
    expect(vae.parameterCount).toBe(whole.parameterCount);
  });
});

test("opening tells of every file, and of its size where the server does", async () => {
  const seen: FileProgress[] = [];
  await open("shards", { onProgress: (event) => seen.push(event) });
  expect(
    seen.filter(({ loadedBytes, totalBytes }) => loadedBytes === totalBytes).map(({ file }) => file),
  ).toEqual(["config.json", `${weightsName}.index.json`, "a.safetensors", "b.safetensors"]);
  seen.length = 0;
  server.answer = (_, response) => {
    response.writeHead(200, { "transfer-encoding": "chunked" }).end(weights);
    return true;
  };
  await AutoencoderKL.fromSingleFile(`${server.origin}/vae.safetensors`, {
    config: new Blob([Uint8Array.from(config)]),
    onProgress: (event) => seen.push(event),
  });
  expect(seen.at(-1)).toEqual({
    file: "vae.safetensors",
    loadedBytes: weights.length,
    totalBytes: undefined,
  });
});

test.each([0, 1, 2, 3, 4])(
  "opening ends with the caller's signal while file %i is asked for",
  async (last) => {
    const controller = new AbortController();
    server.answer = () => {
      if (server.asked.length <= last) return false;
      controller.abort();
      // An answer that never comes.
      return true;
    };
    await expect(open("shards", { signal: controller.signal })).rejects.toMatchObject({ code: "ABORTED" });
    expect(server.asked).toHaveLength(last + 1);
  },
);

test("opening ends with the caller's signal while a file of the user's is read", async () => {
  const controller = new AbortController();
  class Slow extends Blob {
    override slice(): Blob {
      return this;
    }
    override arrayBuffer(): Promise<ArrayBuffer> {
      controller.abort();
      return new Promise(() => undefined);
    }
  }
  const opened = openVae(new Slow([Uint8Array.from(weights)]), { signal: controller.signal });
  await expect(opened).rejects.toMatchObject({ code: "ABORTED" });
});
