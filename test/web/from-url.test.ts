/** Models by HTTP, as a browser opens them, from a server that does what servers do. */
import { readFile } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { gzipSync } from "node:zlib";
import { AutoencoderKL, type FromPretrainedOptions } from "../../src/web/index.ts";
import { absoluteUrl, fileUrl, folderUrl } from "../../src/web/model-url.ts";
import { saveTinyModel, temporaryFolder } from "../cli/run-cli.ts";

const html = "<!DOCTYPE html><html><body><div id=root></div></body></html>";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let config: Buffer;
let weights: Buffer;
let origin: string;
let asked: string[] = [];

/** What the server does with the weights of each folder; the config comes whole where there is one. */
const folders: Record<
  string,
  { config: (response: ServerResponse) => void; weights: (response: ServerResponse) => void }
> = {
  good: { config: (response) => response.end(config), weights: (response) => response.end(weights) },
  gzip: {
    config: (response) => response.end(config),
    weights: (response) => {
      const packed = gzipSync(weights);
      response.writeHead(200, { "content-encoding": "gzip", "content-length": packed.length }).end(packed);
    },
  },
  cut: {
    config: (response) => response.end(config),
    weights: (response) => {
      response.writeHead(200, { "content-length": weights.length });
      response.write(weights.subarray(0, 5000), () => setTimeout(() => response.destroy(), 50));
    },
  },
  stall: {
    config: (response) => response.end(config),
    weights: (response) => void response.writeHead(200, { "content-length": weights.length }).write("x"),
  },
  page: { config: (response) => response.end(html), weights: (response) => response.end(html) },
  pageForWeights: { config: (response) => response.end(config), weights: (response) => response.end(html) },
  giant: {
    config: (response) => response.end(config),
    weights: (response) => void response.writeHead(200, { "content-length": 1e15 }).write("x"),
  },
  giantConfig: {
    config: (response) => void response.writeHead(200, { "content-length": 1e9 }).write("{"),
    weights: (response) => response.end(weights),
  },
  busy: {
    config: (response) => response.writeHead(503).end(),
    weights: (response) => response.end(weights),
  },
  forbidden: {
    config: (response) => response.writeHead(403).end(),
    weights: (response) => response.end(weights),
  },
};

const server = createServer((request, response) => {
  const url = new URL(request.url ?? "", "http://localhost");
  asked.push(request.url ?? "");
  const [, name = "", file = ""] = url.pathname.split("/");
  const answers = folders[name];
  if (answers === undefined) response.writeHead(404).end();
  else if (file === "config.json") answers.config(response);
  else if (file === "diffusion_pytorch_model.safetensors") answers.weights(response);
  else response.writeHead(404).end();
});

beforeAll(async () => {
  folder = await temporaryFolder();
  await saveTinyModel(folder.path);
  config = await readFile(join(folder.path, "config.json"));
  weights = await readFile(join(folder.path, "diffusion_pytorch_model.safetensors"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await folder.remove();
});

const open = async (address: string | URL, options?: FromPretrainedOptions): Promise<string[]> => {
  asked = [];
  const vae = await AutoencoderKL.fromPretrained(address, options);
  expect(vae.parameterCount).toBeGreaterThan(1000);
  await vae.dispose();
  return asked;
};

describe("a model's address", () => {
  test.each(["/good", "/good/", "/good?x=1&download=true", "/good/?x=1&download=true", "/good#part"])(
    "%s keeps its query in every file's",
    async (path) => {
      const query = path.includes("?") ? "?x=1&download=true" : "";
      const files = ["config.json", "diffusion_pytorch_model.safetensors"];
      expect(await open(origin + path)).toEqual(files.map((name) => `/good/${name}${query}`));
    },
  );

  test("may be a URL object", async () => {
    expect(await open(new URL("/good", origin))).toHaveLength(2);
  });

  test.each(["./models/vae", "/models/vae/", "models"])("%s is relative to the page", (address) => {
    const folder = folderUrl(absoluteUrl(address, "openVae", "http://page.test/"));
    const name = address === "models" ? "models" : "models/vae";
    expect(fileUrl(folder, "config.json")).toBe(`http://page.test/${name}/config.json`);
  });

  test.each([
    ["https://host.test/ae.safetensors?download=true", "INVALID_ARGUMENT", /single file.*fromSingleFile/],
    ["file:///models/vae", "UNSUPPORTED", /file: address.*vaekit\/node/],
    ["./models/vae", "INVALID_ARGUMENT", /relative one needs a page/],
    ["", "INVALID_ARGUMENT", /expected a hub id, the URL of a folder .* found ""/],
  ])("%s is refused and told what to write", async (address, code, message) => {
    await expect(AutoencoderKL.fromPretrained(address)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
    });
  });
});

describe("a server", () => {
  test("that compresses gives the same weights", async () => {
    expect(await open(`${origin}/gzip`)).toHaveLength(2);
  });

  test.each([
    ["cut", "IO", /model\.safetensors: the connection broke after 5000 of \d+ bytes/],
    ["page", "INVALID_FILE", /page\/config\.json: .*HTML/],
    ["pageForWeights", "INVALID_FILE", /pageForWeights\/diffusion_pytorch_model\.safetensors: .*HTML/],
    ["giant", "INVALID_FILE", /expected at most 4294967296 bytes, found 1000000000000000/],
    ["giantConfig", "INVALID_FILE", /config\.json: expected at most \d+ bytes/],
    ["none", "NOT_FOUND", /none\/config\.json: expected the file, found HTTP 404/],
    ["forbidden", "IO", /HTTP 403.*headers/],
    ["busy", "IO", /HTTP 503.*try again later/],
  ])("that answers with %s is told with its address", async (name, code, message) => {
    await expect(open(`${origin}/${name}`)).rejects.toMatchObject({
      name: "VaekitError",
      code,
      message: expect.stringMatching(message) as string,
    });
  });

  test("that is not there may be one of another origin that refuses", async () => {
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, "127.0.0.1", resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    await expect(open(`http://127.0.0.1:${port}/vae`)).rejects.toMatchObject({
      code: "IO",
      message: expect.stringMatching(/could not be fetched.*CORS/) as string,
    });
  });
});

describe("opening", () => {
  test("that is aborted before, or in the middle of a file, is ABORTED", async () => {
    await expect(open(`${origin}/good`, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "ABORTED",
    });
    const signal = AbortSignal.timeout(300);
    await expect(open(`${origin}/stall`, { signal })).rejects.toMatchObject({
      name: "VaekitError",
      code: "ABORTED",
    });
  });

  test("with a header that HTTP does not allow, or what is no onnxruntime-web, is the caller's mistake", async () => {
    await expect(open(`${origin}/good`, { headers: { "two words": "x" } })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringMatching(/headers: .*two words/) as string,
    });
    const opened = AutoencoderKL.fromPretrained(`${origin}/good`, {}, {} as never);
    await expect(opened).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringMatching(
        /expected an entry of onnxruntime-web.*found an object without keys/,
      ) as string,
    });
    expect(asked).toEqual([]);
  });

  test("on a device that is not there downloads nothing", async () => {
    await expect(open(`${origin}/good`, { device: "cuda" })).rejects.toMatchObject({ code: "UNSUPPORTED" });
    expect(asked).toEqual([]);
  });
});
