/** What openVae in the browser passes on: the runtime, the variant, the headers, the signal and the warnings. */
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import * as ortWeb from "onnxruntime-web/wasm";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  AutoencoderKL,
  openVae,
  Tensor,
  WebRuntime,
  type WebVae,
  type FromPretrainedOptions,
} from "../../src/web/index.ts";
import { browser } from "../../src/web/machine.ts";
import { defaultProfile } from "../../src/cost/index.ts";
import { saveTinyModel, temporaryFolder } from "../cli/run-cli.ts";

// Counting the cores is the one thing that the WebAssembly build cannot do in Node.
ortWeb.env.wasm.numThreads = 1;

const weightsName = "diffusion_pytorch_model.safetensors";
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let files: Record<string, Buffer>;
let origin = "";
const asked: IncomingMessage[] = [];
const server = createServer((request, response) => {
  asked.push(request);
  const content = files[request.url!.slice(1)];
  if (content === undefined) response.writeHead(404).end();
  else response.end(content);
});
server.keepAliveTimeout = 0;

beforeAll(async () => {
  folder = await temporaryFolder();
  await saveTinyModel(folder.path);
  const config = await readFile(join(folder.path, "config.json"));
  const weights = await readFile(join(folder.path, weightsName));
  const odd = Buffer.from(config.toString().replace("{", '{"an_odd_key": 1,'));
  files = {
    "vae/config.json": config,
    [`vae/${weightsName}`]: weights,
    "variant/config.json": config,
    "variant/diffusion_pytorch_model.fp16.safetensors": weights,
    "odd/config.json": odd,
    [`odd/${weightsName}`]: weights,
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await folder.remove();
});
beforeEach(() => {
  asked.length = 0;
});

const latents = Tensor.zeros([1, 4, 1, 1]);
type Open = (url: string, options?: FromPretrainedOptions, ort?: never) => Promise<WebVae>;
const ways: [string, Open][] = [
  ["openVae", openVae],
  ["fromPretrained", (url, options, ort) => AutoencoderKL.fromPretrained(url, options, ort)],
];

describe.each(ways)("%s in the browser", (name, open) => {
  test("asks for the variant, each time with the caller's headers", async () => {
    await using vae = await open(`${origin}/variant`, { variant: "fp16", headers: { "X-Mine": "yes" } });
    expect(vae.name).toBe(`${origin}/variant`);
    expect(asked.map(({ url, headers }) => [url, headers["x-mine"]])).toEqual([
      ["/variant/config.json", "yes"],
      ["/variant/diffusion_pytorch_model.fp16.safetensors", "yes"],
    ]);
    await expect(open(`${origin}/variant`)).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: expect.stringContaining(
        `/variant/${weightsName}: expected the file, found HTTP 404`,
      ) as string,
    });
  });

  test("tells what is odd about the config", async () => {
    const warnings: string[] = [];
    await using vae = await open(`${origin}/odd`, { onWarning: (text) => warnings.push(text) });
    expect(vae.parameterCount).toBeGreaterThan(0);
    expect(warnings).toEqual([expect.stringContaining("an_odd_key")]);
  });

  test("leaves a runtime that it was given to its owner", async () => {
    await using runtime = new WebRuntime(ortWeb, { device: "cpu" });
    await (await open(`${origin}/vae`, { runtime })).dispose();
    await using second = await open(`${origin}/vae`, { runtime });
    expect((await second.decode(latents)).sample.shape).toEqual([1, 3, 8, 8]);
  });

  test("refuses a runtime and an entry of onnxruntime-web at once, and downloads nothing", async () => {
    await using runtime = new WebRuntime(ortWeb, { device: "cpu" });
    await expect(open(`${origin}/vae`, { runtime }, ortWeb as never)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: `${name}: ort: the runtime that is passed beside it has its own. Leave one of them out.`,
    });
    expect(asked).toEqual([]);
  });

  test("ends with the caller's signal, also between two files", async () => {
    const controller = new AbortController();
    const { signal } = controller;
    server.once("request", (_, response: { on: (event: string, call: () => void) => void }) => {
      response.on("finish", () => {
        controller.abort();
      });
    });
    await expect(open(`${origin}/vae`, { signal })).rejects.toMatchObject({ code: "ABORTED" });
    expect(asked.map(({ url }) => url)).not.toContain(`/vae/${weightsName}`);
  });
});

test("a browser has no temporary files, tells no memory, and has the default prices of one thread", async () => {
  expect([browser.processBytes(), browser.availableBytes(), browser.hasFiles]).toEqual([
    undefined,
    undefined,
    false,
  ]);
  expect(await browser.costProfile("cpu")).toEqual(defaultProfile("cpu", 1));
});
