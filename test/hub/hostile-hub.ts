/** A hub that may answer anything, a second one, and a cache of its own for each test. Importing it sets them up. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { mkdtemp, readdir, readFile, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, vi } from "vitest";
import { resolveFromHub, type HubOptions, type HubResolution } from "../../src/hub/node/index.ts";
import { sha256, startHubServer, type HubServer } from "../hub-server.ts";

export const config = Buffer.from('{"_class_name": "AutoencoderKL", "latent_channels": 4}');
export const single = "diffusion_pytorch_model.safetensors";
export const index = "diffusion_pytorch_model.safetensors.index.json";
export const shards = ["m-00001-of-00002.safetensors", "m-00002-of-00002.safetensors"] as const;
export const weights = safetensors(60_000);
export const token = "hf_neverToBeSeen";

/** A file of one tensor. */
export function safetensors(bytes: number): Buffer {
  const entry = { a: { dtype: "U8", shape: [bytes], data_offsets: [0, bytes] } };
  const header = Buffer.from(JSON.stringify(entry));
  const length = Buffer.alloc(8);
  length.writeUInt32LE(header.length);
  return Buffer.concat([length, header, Buffer.alloc(bytes, "weights ")]);
}

export let hub: HubServer;
export let other: HubServer;
export let cacheDir: string;
export let warnings: string[];

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

export function resolve(options: HubOptions = {}, id = "org/plain"): Promise<HubResolution> {
  const onWarning = (message: string): number => warnings.push(message);
  const limits = { timeoutMs: 2000, idleTimeoutMs: 2000 };
  return resolveFromHub(id, { endpoint: hub.endpoint, cacheDir, token, onWarning, ...limits, ...options });
}

/** The message, after what holds for every error. */
export async function refusal(options: HubOptions = {}, id = "org/plain", code = "HUB"): Promise<string> {
  const error: unknown = await resolve(options, id).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ name: "VaekitError", code });
  expect(String(error) + warnings.join()).not.toContain(token);
  return String(error);
}

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** Answers the requests whose path matches; the others as ever. */
export function when(path: RegExp, answer: Answer, times = Infinity): void {
  let left = times;
  hub.behaviour = {
    answer: (request, response) => {
      if (!path.test(request.url ?? "") || left-- <= 0) return false;
      answer(request, response);
      return true;
    },
  };
}

export const send =
  (body: string | Buffer, headers: Record<string, string> = {}, status = 200): Answer =>
  (_, response) => {
    response.writeHead(status, { "Content-Length": String(body.length), ...headers }).end(body);
  };

/** Sends a byte again and again. */
export const drip: Answer = (_, response) => {
  response.write(" ");
  const timer = setInterval(() => response.write(" "), 20);
  response.on("close", () => {
    clearInterval(timer);
  });
};

/** Sends without end, as fast as it is read. */
export const flood: Answer = (_, response) => {
  const more = (): void => {
    while (!response.destroyed && response.write(Buffer.alloc(2 ** 20, " ")));
  };
  response.on("drain", more);
  response.on("error", () => undefined);
  more();
};

/** The requests for files since the test began. */
export const fileRequests = (): string[] => hub.requests.filter((path) => path.includes("/resolve/"));

export const repository = (id = "org/plain"): string => join(cacheDir, `models--${id.replace("/", "--")}`);
export const blob = (content: Buffer, name = sha256(content)): string => join(repository(), "blobs", name);
export const namesIn = (folder: string): Promise<string[]> => readdir(folder).catch(() => []);
export const isWhole = async ({ folder }: HubResolution): Promise<boolean> =>
  weights.equals(await readFile(join(folder, single))) &&
  config.equals(await readFile(join(folder, "config.json")));
