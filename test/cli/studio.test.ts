/** `vaekit studio`: what its server gives to whom, and how the command begins and ends. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { request, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { studioFolder } from "../../src/cli/package.ts";
import { studioFiles } from "../../src/cli/studio/studio-files.ts";
import { startStudioServer, type StudioServer } from "../../src/cli/studio/studio-server.ts";
import { program, runCli, saveTinyModel, temporaryFolder } from "./run-cli.ts";

const config = fileURLToPath(new URL("../../assets/default-vae/config.json", import.meta.url));

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let server: StudioServer;

beforeAll(async () => {
  folder = await temporaryFolder();
  const page = join(folder.path, "page");
  await mkdir(join(page, "assets"), { recursive: true });
  await writeFile(join(page, "index.html"), "<!doctype html>");
  await writeFile(join(page, "assets", "app.js"), "export {};");
  await writeFile(join(page, "engine.json"), '{ "assets/engine-1.wasm": "ort-wasm-simd-threaded.wasm" }');
  await writeFile(join(folder.path, "secret.json"), "{}");
  server = await startStudioServer(await studioFiles({ page }), 0);
});
afterAll(async () => {
  await server.close();
  await folder.remove();
});

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A request whose path and headers nothing tidies. */
async function ask(path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Answer> {
  const { hostname, port } = new URL(server.url);
  const asked = request({ hostname, port, path, method, headers }).end();
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(parts) };
}

describe("the server", () => {
  test.each([
    ["/", "text/html; charset=utf-8"],
    ["/?view=channels", "text/html; charset=utf-8"],
    ["/assets/app.js", "text/javascript; charset=utf-8"],
    ["/assets/engine-1.wasm", "application/wasm"],
    ["/model/config.json", "application/json"],
    ["/model/diffusion_pytorch_model.safetensors", "application/octet-stream"],
    ["/pictures/sample.png", "image/png"],
  ])("has %s as %s, isolated, for its own page only", async (path, type) => {
    const { status, headers } = await ask(path);
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      "content-type": type,
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-embedder-policy": "require-corp",
      "cross-origin-resource-policy": "same-origin",
      "x-content-type-options": "nosniff",
    });
    expect(headers).not.toHaveProperty("access-control-allow-origin");
  });

  test("gives the parts of a file that are asked for", async () => {
    const bytes = await readFile(config);
    const size = bytes.length;
    for (const [range, part] of [
      ["bytes=0-0", bytes.subarray(0, 1)],
      ["bytes=10-19", bytes.subarray(10, 20)],
      [`bytes=${size - 3}-`, bytes.subarray(size - 3)],
      ["bytes=-5", bytes.subarray(size - 5)],
      [`bytes=5-${size + 100}`, bytes.subarray(5)],
    ] as const) {
      const { status, headers, body } = await ask("/model/config.json", { range });
      expect([range, status]).toEqual([range, 206]);
      expect(body.equals(part)).toBe(true);
      const start = part.byteOffset - bytes.byteOffset;
      expect(headers["content-range"]).toBe(`bytes ${start}-${start + part.length - 1}/${size}`);
    }
  });

  test("refuses parts beyond a file's end, and gives the whole for several parts", async () => {
    const bytes = await readFile(config);
    const beyond = await ask("/model/config.json", { range: `bytes=${bytes.length}-` });
    expect([beyond.status, beyond.headers["content-range"]]).toEqual([416, `bytes */${bytes.length}`]);
    for (const range of ["bytes=0-1,4-5", "lines=1-2", "bytes=9-3"]) {
      const { status, body } = await ask("/model/config.json", { range });
      expect([range, status, body.length]).toEqual([range, 200, bytes.length]);
    }
  });

  test("says that a file is the same as before", async () => {
    const { headers } = await ask("/model/config.json");
    const again = await ask("/model/config.json", { "if-none-match": headers.etag! });
    expect([again.status, again.body.length]).toEqual([304, 0]);
  });

  test.each([
    "/../secret.json",
    "/assets/../../secret.json",
    "/%2e%2e/secret.json",
    "/..%2fsecret.json",
    "/..\\secret.json",
    "//secret.json",
    "/model/../engine.json",
    "/assets",
    "/assets/",
    "/model/",
  ])("has no file at %s", async (path) => {
    expect((await ask(path)).status).toBe(404);
  });

  test("answers to this machine's names only: a page of another host may have pointed its own here", async () => {
    const { port } = new URL(server.url);
    for (const host of [`attacker.example:${port}`, "127.0.0.1", `127.0.0.1.attacker.example:${port}`])
      expect([host, (await ask("/", { host })).status]).toEqual([host, 403]);
    for (const host of [`localhost:${port}`, `127.0.0.1:${port}`])
      expect([host, (await ask("/", { host })).status]).toEqual([host, 200]);
  });

  test("takes nothing", async () => {
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
      const { status, headers } = await ask("/model/config.json", {}, method);
      expect([method, status, headers.allow]).toEqual([method, 405, "GET, HEAD"]);
    }
    const head = await ask("/model/config.json", {}, "HEAD");
    expect([head.status, head.body.length]).toEqual([200, 0]);
    expect(Number(head.headers["content-length"])).toBe((await readFile(config)).length);
  });
});

test("a model's own folder is served, and of it only what belongs to the model", async () => {
  const model = join(folder.path, "my-vae");
  await saveTinyModel(model);
  await writeFile(join(model, "notes.txt"), "mine");
  await writeFile(join(model, ".token.json"), "mine");
  const files = await studioFiles({ model, page: join(folder.path, "page") });
  const served = [...files].filter(([path]) => path.startsWith("/model/"));
  expect(served).toEqual([
    ["/model/config.json", join(model, "config.json")],
    ["/model/diffusion_pytorch_model.safetensors", join(model, "diffusion_pytorch_model.safetensors")],
  ]);
});

describe("the command", () => {
  const isBuilt = existsSync(join(studioFolder(), "index.html"));
  const run = (...args: string[]) => runCli(["studio", ...args], { cwd: folder.path });

  test.each([
    [["--port", "65536"], /^vaekit: .*Expected a whole number from 0 to 65535\./],
    [["--port", "http"], /^vaekit: .*Expected a whole number from 0 to 65535\./],
    [
      ["--model", "org/name"],
      /^vaekit: --model: expected a folder or a \.safetensors file .* hub id org\/name/,
    ],
  ])("refuses %j", async (args, message) => {
    const { code, stderr } = await run(...args);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });

  test("says what is wrong with a folder that is no model", async () => {
    expect(await run("--model", "page")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^vaekit: page: expected a model's folder with config\.json/) as string,
    });
  });

  test.skipIf(isBuilt)("says how the studio is built", async () => {
    const { code, stderr } = await run();
    expect(code).toBe(1);
    expect(stderr).toMatch(/^vaekit: The studio has not been built: .*npm run build:studio/);
  });

  test.runIf(isBuilt)("says that a port is taken, and what to do", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    const { code, stderr } = await run("--port", String(port));
    other.close();
    expect(code).toBe(1);
    expect(stderr).toBe(
      `vaekit: --port: ${port} is taken by another program. Choose another one with --port, or 0 for any that is free.\n`,
    );
  });

  test.runIf(isBuilt)(
    "prints its address for programs, serves a single file, and ends at Ctrl-C",
    async () => {
      await saveTinyModel(join(folder.path, "other-vae"));
      const [weights, config] = ["diffusion_pytorch_model.safetensors", "config.json"].map((name) =>
        join(folder.path, "other-vae", name),
      ) as [string, string];
      const args = ["studio", "--port", "0", "--json", "--model", weights, "--config", config];
      const child = spawn(process.execPath, [program, ...args], { stdio: ["ignore", "pipe", "inherit"] });
      const [printed] = (await once(child.stdout, "data")) as [Buffer];
      const { url } = JSON.parse(String(printed)) as { url: string };
      expect((await fetch(url)).status).toBe(200);
      const served = await fetch(new URL("model/config.json", url));
      expect(await served.json()).toMatchObject({ _class_name: "AutoencoderKL", latent_channels: 4 });
      child.kill("SIGINT");
      expect(await once(child, "exit")).toEqual([0, null]);
    },
  );
});
