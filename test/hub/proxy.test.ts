import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { resolveFromHub, type HubOptions } from "../../src/hub/node/index.ts";
import { startHubServer, type HubServer } from "../hub-server.ts";
import { startProxyServer, type ProxyServer } from "../proxy-server.ts";
import { selfSigned } from "../self-signed.ts";

const weights = Buffer.from("weights behind a proxy");
const single = "diffusion_pytorch_model.safetensors";
const models = { "org/plain": { "config.json": Buffer.from("{}"), [single]: weights } };

let hub: HubServer;
let proxy: ProxyServer;
let cacheDir: string;

beforeEach(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), "vaekit-proxy-"));
  hub = await startHubServer(models);
  proxy = await startProxyServer({ "hub.invalid": "127.0.0.1" });
  for (const name of ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"]) {
    vi.stubEnv(name, undefined);
    vi.stubEnv(name.toLowerCase(), undefined);
  }
  vi.stubEnv("HF_HOME", cacheDir);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all([hub.close(), proxy.close(), rm(cacheDir, { recursive: true, force: true })]);
});

/** A host that only the proxy can find. */
const behindProxy = ({ endpoint }: HubServer): string => endpoint.replace("127.0.0.1", "hub.invalid");

function resolve(options: HubOptions): Promise<{ folder: string }> {
  return resolveFromHub("org/plain", { cacheDir, token: false, ...options });
}

async function messageOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ name: "VaekitError", code: "HUB" });
  return String(error);
}

describe("a proxy", () => {
  test.each(["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])(
    "of %s is asked for whole addresses of http",
    async (variable) => {
      vi.stubEnv(variable, `http://${proxy.address}`);
      const { folder } = await resolve({ endpoint: behindProxy(hub), token: "hf_secret" });
      expect(weights.equals(await readFile(join(folder, single)))).toBe(true);
      expect(proxy.requests).toHaveLength(hub.requests.length);
      expect(proxy.requests[0]).toMatch(`GET ${behindProxy(hub)}/api/models/org/plain/revision/main`);
      expect(hub.authorizations).toContain("Bearer hf_secret");
    },
  );

  test("without a scheme works, and so does one with a user name and a password of odd letters", async () => {
    proxy.authorization = `Basic ${Buffer.from("me@work:p%ss").toString("base64")}`;
    vi.stubEnv("HTTP_PROXY", `me%40work:p%ss@${proxy.address}`);
    await expect(resolve({ endpoint: behindProxy(hub) })).resolves.toHaveProperty("folder");
  });

  test("is asked for a tunnel to https", async () => {
    const secure = await startHubServer(models, selfSigned());
    vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
    vi.stubEnv("HTTPS_PROXY", `http://${proxy.address}`);
    try {
      const { folder } = await resolve({ endpoint: behindProxy(secure) });
      expect(weights.equals(await readFile(join(folder, single)))).toBe(true);
      expect(new Set(proxy.requests)).toEqual(
        new Set([`CONNECT ${behindProxy(secure).slice("https://".length)}`]),
      );
    } finally {
      await secure.close();
    }
  });

  test("that signs for the hub itself is not trusted, and the way to trust it is told", async () => {
    const secure = await startHubServer(models, selfSigned());
    vi.stubEnv("HTTPS_PROXY", `http://${proxy.address}`);
    const message = await messageOf(resolve({ endpoint: behindProxy(secure) }));
    expect(message).toMatch(/vouches for its certificate \(\w+\); .* in NODE_EXTRA_CA_CERTS/);
    await secure.close();
  });

  test("is passed by for hosts of NO_PROXY, and for http when it is for https", async () => {
    vi.stubEnv("HTTP_PROXY", "http://127.0.0.1:1");
    vi.stubEnv("NO_PROXY", "localhost,127.0.0.0/8");
    await expect(resolve({ endpoint: hub.endpoint })).resolves.toHaveProperty("folder");
    vi.stubEnv("HTTP_PROXY", "");
    vi.stubEnv("NO_PROXY", "");
    vi.stubEnv("HTTPS_PROXY", `http://${proxy.address}`);
    await expect(resolve({ endpoint: hub.endpoint })).resolves.toHaveProperty("folder");
    expect(proxy.requests).toEqual([]);
  });

  test("is named when the hub cannot be reached through it", async () => {
    vi.stubEnv("HTTP_PROXY", "http://me:secret@127.0.0.1:1");
    const dead = await messageOf(resolve({ endpoint: behindProxy(hub) }));
    expect(dead).toContain(
      "is out of reach through the proxy http://127.0.0.1:1 (HTTP_PROXY): connection refused. " +
        "Check the connection, HTTP_PROXY and HF_ENDPOINT",
    );
    expect(dead).not.toMatch(/me:|secret/);
  });

  test.each([
    [407, "the proxy wants a user name and a password"],
    [403, "answered 403 through the proxy http://127.0.0.1:"],
    [502, "answered 502 through the proxy http://127.0.0.1:"],
  ])("is named when it answers %i itself", async (status, expected) => {
    proxy.status = status;
    vi.stubEnv("http_proxy", `http://${proxy.address}`);
    expect(await messageOf(resolve({ endpoint: behindProxy(hub) }))).toContain(expected);
  });

  test.each([
    [407, "the proxy wants a user name and a password"],
    [403, "the proxy answered 403"],
  ])("is named when it answers a tunnel with %i", async (status, expected) => {
    proxy.status = status;
    vi.stubEnv("HTTPS_PROXY", `http://${proxy.address}`);
    const message = await messageOf(resolve({ endpoint: "https://hub.invalid" }));
    expect(message).toContain(`through the proxy http://${proxy.address} (HTTPS_PROXY): ${expected}`);
  });

  test("that was not used is named as well when the hub cannot be reached", async () => {
    vi.stubEnv("HTTPS_PROXY", `http://${proxy.address}`);
    vi.stubEnv("no_proxy", "hub.invalid");
    const message = await messageOf(resolve({ endpoint: "https://hub.invalid" }));
    expect(message).toContain("no proxy was used, by HTTPS_PROXY, no_proxy.");
  });

  test("that would be needed is thought of when none is set", async () => {
    const message = await messageOf(resolve({ endpoint: "http://127.0.0.1:1" }));
    expect(message).toContain("set HTTPS_PROXY if a proxy stands between");
  });

  test("of another kind is refused before anything is sent", async () => {
    vi.stubEnv("ALL_PROXY", `socks5://me:secret@${proxy.address}`);
    const message = await messageOf(resolve({ endpoint: behindProxy(hub) }));
    expect(message).toContain("ALL_PROXY: expected the address of an http or https proxy");
    expect(message).not.toContain("secret");
  });
});
