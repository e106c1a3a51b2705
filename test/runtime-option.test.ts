/** One runtime for several models: shared, kept when a model ends, and refused where it cannot be used. */
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import * as ortWeb from "onnxruntime-web/wasm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  AutoencoderKL,
  AutoencoderTiny,
  Generator,
  MlpVae,
  NodeRuntime,
  type Runtime,
} from "../src/node/index.ts";
import type { Session } from "../src/runtime/index.ts";
import { AutoencoderKL as WebAutoencoderKL, WebRuntime } from "../src/web/index.ts";
import { fixturePath } from "./conformance/fixtures.ts";
import { createRuntime, runtimeNames, type RuntimeName } from "./runtime/runtimes.ts";

const folder = fixturePath("models/one-level");
const other = fixturePath("models/quiet");
const latents = Generator.torch(1).randn([1, 4, 8, 8]);
const runtimeOf = (name: RuntimeName): Runtime & AsyncDisposable =>
  createRuntime[name]() as Runtime & AsyncDisposable;

/** Counts the sessions and workspaces of a runtime that are made, or being made, and not disposed yet. */
function counted(runtime: Runtime, onMaking = (): void => undefined): { readonly count: number } {
  let count = 0;
  const counting = async <T extends { dispose(): Promise<void> }>(making: Promise<T>): Promise<T> => {
    count++;
    onMaking();
    const thing = await making;
    const dispose = thing.dispose.bind(thing);
    thing.dispose = () => {
      count--;
      thing.dispose = dispose;
      return dispose();
    };
    return thing;
  };
  const createSession = runtime.createSession.bind(runtime);
  const createWorkspace = runtime.createWorkspace.bind(runtime);
  runtime.createSession = (...args): Promise<Session> => counting(createSession(...args));
  runtime.createWorkspace = (options) => counting(createWorkspace(options));
  return {
    get count() {
      return count;
    },
  };
}

describe.each(runtimeNames)("a runtime of %s", (name) => {
  test("computes for two models what each computes alone, and outlives them", async () => {
    await using runtime = runtimeOf(name);
    const alive = counted(runtime);
    const first = await AutoencoderKL.fromPretrained(folder, { runtime });
    const second = await AutoencoderKL.fromPretrained(other, { runtime });
    const both = await Promise.all([
      first.decode(latents),
      second.decode(latents),
      first.decode(latents, { tiling: "exact" }),
    ]);
    for (const [index, path] of [folder, other].entries()) {
      await using alone = await AutoencoderKL.fromPretrained(path, { runtime: createRuntime[name]() });
      expect(both[index]!.equals(await alone.decode(latents))).toBe(true);
    }
    expect(first.device).toBe("cpu");
    expect(alive.count).toBeGreaterThan(2);

    await first.dispose();
    await expect(first.decode(latents)).rejects.toMatchObject({
      code: "DISPOSED",
      message: `${folder}: the model was disposed.`,
    });
    expect(alive.count).toBe(1);
    expect(runtime.isDisposed).toBe(false);
    expect((await second.decode(latents)).equals(both[1])).toBe(true);
    await second.dispose();
    expect(alive.count).toBe(0);
    await using third = await AutoencoderKL.fromPretrained(folder, { runtime });
    expect((await third.decode(latents)).equals(both[0])).toBe(true);
  });

  test.each(["off", "exact"] as const)(
    "keeps nothing that it was making when a model ended, tiling %s",
    async (tiling) => {
      await using runtime = runtimeOf(name);
      const alive = counted(runtime, () => void vae.dispose());
      const vae = await AutoencoderKL.fromPretrained(folder, { runtime });
      await expect(vae.decode(latents, { tiling })).rejects.toMatchObject({ code: "DISPOSED" });
      await vae.dispose();
      await expect.poll(() => alive.count).toBe(0);
    },
  );

  test("that its owner disposes ends its models' calls, those under way too, and lets them be disposed", async () => {
    const runtime = createRuntime[name]();
    const vae = await AutoencoderKL.fromPretrained(folder, { runtime });
    await vae.decode(latents);
    const call = expect(vae.decode(latents, { tiling: "exact" })).rejects.toMatchObject({ code: "DISPOSED" });
    await Promise.all([runtime.dispose(), call]);
    const disposed = {
      code: "DISPOSED",
      message: "The runtime that was given to this model was disposed.",
    };
    await expect(vae.decode(latents)).rejects.toMatchObject(disposed);
    await expect(vae.encode(Generator.torch(1).randn([1, 3, 8, 8]))).rejects.toMatchObject(disposed);
    await expect(vae.plan("decoder", { batch: 1, height: 8, width: 8 })).rejects.toMatchObject(disposed);
    await vae.dispose();
  });

  test("is refused when it was disposed, or when an option would decide what it has decided", async () => {
    const runtime = createRuntime[name]();
    const refused = async (options: object, message: RegExp): Promise<void> => {
      for (const open of [
        () => AutoencoderKL.fromPretrained(folder, options),
        () => AutoencoderKL.fromSingleFile(join(folder, "diffusion_pytorch_model.safetensors"), options),
        () => AutoencoderKL.default(options),
        () => AutoencoderTiny.default(options),
        () => MlpVae.fromPretrained(folder, options),
        // What it throws at once is a rejection, too.
        async () => Promise.resolve(AutoencoderKL.fromConfig({}, options)),
      ]) {
        await expect(open()).rejects.toMatchObject({
          code: "INVALID_ARGUMENT",
          message: expect.stringMatching(message) as string,
        });
      }
    };
    await refused({ runtime, device: "cpu" }, /: device: the runtime that is passed beside it has its own/);
    await refused({ runtime, threadCount: 2 }, /: threadCount: the runtime that is passed beside it/);
    await runtime.dispose();
    await refused({ runtime }, /: runtime: expected one in use, found one that was disposed/);
  });
});

test("models of one NodeRuntime share its thread", async () => {
  let threadCount = 0;
  const count = (): void => {
    threadCount++;
  };
  process.on("worker", count);
  await using runtime = new NodeRuntime({ device: "cpu" });
  const models = await Promise.all(
    [folder, other, folder].map((path) => AutoencoderKL.fromPretrained(path, { runtime })),
  );
  await Promise.all(models.map((vae) => vae.decode(latents)));
  process.off("worker", count);
  expect(threadCount).toBe(1);
  await Promise.all(models.map((vae) => vae.dispose()));
});

test.each([
  ["null", null],
  ['"cpu"', "cpu"],
  ["an object without keys", {}],
  ["a Module", ortWeb],
])("%s is no runtime", async (found, runtime) => {
  await expect(AutoencoderKL.fromPretrained(folder, { runtime } as object)).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    message: `fromPretrained: runtime: expected a runtime, as new NodeRuntime() makes, found ${found}.`,
  });
});

describe("in the browser", () => {
  const server = createServer((request, response) => {
    const name = (request.url ?? "").split("/").at(-1)!;
    readFile(join(folder, name)).then(
      (bytes) => response.end(bytes),
      () => response.writeHead(404).end(),
    );
  });
  let url: string;
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/vae`;
  });
  afterAll(() => server.close());

  test("two models share a runtime", async () => {
    await using runtime = new WebRuntime(ortWeb);
    const alive = counted(runtime);
    const first = await WebAutoencoderKL.fromPretrained(url, { runtime });
    const second = await WebAutoencoderKL.fromPretrained(url, { runtime });
    const expected = await first.decode(latents);
    await first.dispose();
    expect(alive.count).toBe(0);
    expect((await second.decode(latents)).equals(expected)).toBe(true);
    await second.dispose();
  });

  test("a runtime of Node, or what contradicts the runtime, is refused", async () => {
    await using native = new NodeRuntime({ device: "cpu" });
    await using runtime = new WebRuntime(ortWeb);
    const nowhere = "http://127.0.0.1:1/vae";
    await expect(WebAutoencoderKL.fromPretrained(nowhere, { runtime: native })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message:
        "fromPretrained: runtime: expected a runtime of the browser, as new WebRuntime(ort) makes, found one of onnxruntime-node.",
    });
    const withDevice = WebAutoencoderKL.fromPretrained(nowhere, { runtime, device: "webgpu" });
    await expect(withDevice).rejects.toThrow("fromPretrained: device: the runtime that is passed beside it");
    const withOrt = WebAutoencoderKL.fromPretrained(nowhere, { runtime }, ortWeb);
    await expect(withOrt).rejects.toThrow("fromPretrained: ort: the runtime that is passed beside it");
  });
});
