/** What is done for WebAssembly's speed alone: the built-in model with it, without it, and natively. */
import * as ortWeb from "onnxruntime-web/wasm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AutoencoderKL, NodeRuntime, type Runtime, type Tensor } from "../../src/node/index.ts";
import { Generator } from "../../src/random/index.ts";
import { WebRuntime } from "../../src/runtime/web/web-runtime.ts";

ortWeb.env.wasm.numThreads = 1;

const runtimes = {
  fast: new WebRuntime(ortWeb),
  plain: new WebRuntime(ortWeb, { plain: true }),
  native: new NodeRuntime({ device: "cpu", threadCount: 1 }),
} as const;
type Name = keyof typeof runtimes;
const models = {} as Record<Name, AutoencoderKL>;
/** Of all nodes of the graphs that a runtime was asked for. */
const forms: Record<string, Set<string>> = {};

function watched(name: Name, runtime: Runtime): Runtime {
  const kinds = (forms[name] = new Set<string>());
  const createSession: Runtime["createSession"] = (graph, options) => {
    for (const { labels, operator } of graph.nodes) kinds.add(labels?.convolution?.form.kind ?? operator);
    return runtime.createSession(graph, options);
  };
  return new Proxy(runtime, {
    get: (target, key) => {
      if (key === "createSession") return createSession;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

beforeAll(async () => {
  for (const [name, runtime] of Object.entries(runtimes) as [Name, Runtime][])
    models[name] = await AutoencoderKL.default({ runtime: watched(name, runtime) });
});
afterAll(async () => {
  for (const name of Object.keys(runtimes) as Name[]) {
    await models[name].dispose();
    await runtimes[name].dispose();
  }
});

async function results(run: (vae: AutoencoderKL) => Promise<Tensor>): Promise<Record<Name, Tensor>> {
  return { fast: await run(models.fast), plain: await run(models.plain), native: await run(models.native) };
}

const sided = ["winograd by sides", "AveragePool"];

describe.each([
  ["a square", 1, 96, 96],
  ["an oblong in a batch", 2, 72, 40],
] as const)("%s", (_, batch, height, width) => {
  test("is decoded alike", async () => {
    const latents = Generator.philox(6).randn([batch, 16, height / 8, width / 8]);
    const { fast, plain, native } = await results(
      async (vae) => (await vae.decode(latents, { tiling: "off" })).sample,
    );
    // What is promised of Node and the browser; pixels are within [-1, 1].
    expect(fast).toBeAllclose(native, { absolute: 2e-5 });
    expect(fast).toBeAllclose(plain, { absolute: 2e-5 });
    expect([...forms.fast!]).toEqual(expect.arrayContaining([...sided, "upsampling in tiles"]));
    for (const kind of [...sided, "upsampling in tiles"]) expect([...forms.plain!]).not.toContain(kind);
  });

  test("is encoded alike", async () => {
    const pixels = Generator.philox(7).randn([batch, 3, height, width]);
    const { fast, plain, native } = await results(
      async (vae) => (await vae.encode(pixels, { tiling: "off" })).latentDist.parameters,
    );
    // Log-variances, down to -20.
    expect(fast).toBeAllclose(native, { absolute: 3e-4 });
    expect(fast).toBeAllclose(plain, { absolute: 3e-4 });
  });
});
