/** A plan is made for the device that computes: with its prices, its limits, and anew when another one takes over. */
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import type { Graph } from "../src/graph/index.ts";
import { defaultProfile, type Provider } from "../src/cost/index.ts";
import { Generator } from "../src/random/index.ts";
import { DeviceChoice } from "../src/runtime/device-choice.ts";
import {
  devices,
  type ConcreteDevice,
  type Device,
  type Runtime,
  type Session,
  type SessionOptions,
} from "../src/runtime/index.ts";
import { NodeRuntime } from "../src/runtime/node/node-runtime.ts";
import type { CodingPlan, Half } from "../src/vae/options.ts";
import { fixturePath } from "./conformance/fixtures.ts";
import { AssembledModel, partsOf } from "./models-on-runtimes.ts";
import { createRuntime, runtimeNames } from "./runtime/runtimes.ts";
import { localEngine } from "../src/vae/local-engine.ts";

/** Computes on the processor, in the name of devices that this machine does not have. */
class StandIn implements Runtime {
  readonly name: string;
  readonly #processor = new NodeRuntime({ device: "cpu" });
  readonly #choice: DeviceChoice;
  readonly #broken: readonly ConcreteDevice[];
  readonly made: { readonly device: ConcreteDevice; readonly operators: ReadonlySet<string> }[] = [];

  constructor(
    candidates: readonly ConcreteDevice[],
    {
      missing = [],
      broken = [],
      name = "onnxruntime-node",
    }: { missing?: ConcreteDevice[]; broken?: ConcreteDevice[]; name?: string } = {},
  ) {
    this.name = name;
    this.#broken = broken;
    this.#choice = new DeviceChoice(candidates, (device) =>
      missing.includes(device) ? Promise.reject(new Error("not there")) : Promise.resolve(),
    );
  }

  get device(): ConcreteDevice | undefined {
    return this.#choice.settled;
  }

  get isDisposed(): boolean {
    return this.#processor.isDisposed;
  }

  resolve(): Promise<ConcreteDevice> {
    return this.#choice.resolve();
  }

  createSession(graph: Graph, { inWorkspace, device: planned }: SessionOptions = {}): Promise<Session> {
    const create = async (device: ConcreteDevice): Promise<Session> => {
      if (this.#broken.includes(device)) throw new Error("no memory");
      const session = await this.#processor.createSession(graph, { inWorkspace });
      this.made.push({ device, operators: new Set(graph.nodes.map(({ operator }) => operator)) });
      return session;
    };
    return this.#choice.make(`the graph ${graph.name}`, create, planned);
  }

  createState: Runtime["createState"] = (tensors) => this.#processor.createState(tensors);
  createWorkspace: Runtime["createWorkspace"] = (options) => this.#processor.createWorkspace(options);
  dispose = (): Promise<void> => this.#processor.dispose();
}

const builtIn = fileURLToPath(new URL("../assets/default-vae", import.meta.url));
const tiny = fixturePath("models/sd");
const threadCount = 2;
/** More than any plan here needs. */
const maxMemoryBytes = 1e13;

const opened: AssembledModel[] = [];
afterEach(() => Promise.all(opened.splice(0).map((vae) => vae.dispose())));

async function open(runtime: Runtime, folder = tiny) {
  const asked: Provider[] = [];
  const machine = {
    processBytes: () => undefined,
    availableBytes: () => undefined,
    hasFiles: true,
    costProfile: (provider: Provider) => {
      asked.push(provider);
      return Promise.resolve(defaultProfile(provider, threadCount));
    },
  };
  const vae = AssembledModel.of({ ...(await partsOf(folder)), engine: localEngine(runtime, machine) });
  opened.push(vae);
  return { vae, asked };
}

const side512 = { batch: 1, height: 64, width: 64 };

describe("a model's first plan", () => {
  const resolved: { readonly [D in Device]: ConcreteDevice } = {
    auto: "dml",
    cpu: "cpu",
    webgpu: "webgpu",
    cuda: "cuda",
    dml: "dml",
    coreml: "coreml",
  };

  test.each(devices)("for the device %s is at its prices, before anything ran", async (device) => {
    const runtime = new StandIn(device === "auto" ? ["cuda", "dml", "cpu"] : [device], { missing: ["cuda"] });
    const { vae, asked } = await open(runtime, builtIn);
    const plan = await vae.plan("decoder", side512, { maxMemoryBytes });
    expect(asked).toEqual([resolved[device]]);
    expect(plan.device).toBe(resolved[device]);
    const { vae: processor } = await open(new StandIn(["cpu"]), builtIn);
    const onProcessor = await processor.plan("decoder", side512, { maxMemoryBytes });
    // Graphics processors compute at once, in a tenth of the time or less.
    if (resolved[device] === "cpu") expect(plan).toEqual(onProcessor);
    else {
      expect(plan.tiling).toBe("off");
      expect(plan.seconds).toBeLessThan(onProcessor.seconds / 2);
    }
    expect(runtime.made).toEqual([]);
  });

  test("in WebAssembly is at its prices, which are not the native ones", async () => {
    const { vae, asked } = await open(new StandIn(["cpu"], { name: "onnxruntime-web" }));
    await vae.plan("decoder", side512);
    expect(asked).toEqual(["wasm"]);
  });

  test("heeds the largest buffer of a graphics processor", async () => {
    // Decoding 4096x4096, the built-in model's largest map has 2 GiB.
    const size = { batch: 1, height: 512, width: 512 };
    const { vae: graphics } = await open(new StandIn(["webgpu"]), builtIn);
    expect((await graphics.plan("decoder", size, { maxMemoryBytes })).tiling).toBe("exact");
    expect((await graphics.plan("decoder", side512, { maxMemoryBytes })).tiling).toBe("off");
  });
});

test.each([
  [["cuda"], "dml"],
  [["dml"], "cuda"],
  [["cuda", "dml"], "cpu"],
] as const)("without %s, a model on auto is planned for %s and runs there", async (missing, device) => {
  const runtime = new StandIn(["cuda", "dml", "cpu"], { missing: [...missing] });
  const { vae, asked } = await open(runtime);
  const plans: CodingPlan[] = [];
  const onPlan = (plan: CodingPlan): void => void plans.push(plan);
  await vae.decode(Generator.philox(1).randn([1, 4, 8, 8]), { onPlan });
  expect(plans.map((plan) => plan.device)).toEqual([device]);
  expect(asked).toEqual([device]);
  expect(new Set(runtime.made.map((made) => made.device))).toEqual(new Set([device]));
});

describe("when the device fails at the first session", () => {
  const broken: ConcreteDevice[] = ["cuda", "dml"];
  const latents = Generator.philox(2).randn([1, 4, 9, 7]);

  test.each(["off", "exact", "auto"] as const)(
    "the picture is planned anew for the next one: tiling %s",
    async (tiling) => {
      const { vae: processor } = await open(new StandIn(["cpu"]));
      const expected = (await processor.decode(latents, { tiling })).sample;
      const expectedPlan = await processor.plan("decoder", { batch: 1, height: 9, width: 7 }, { tiling });
      const runtime = new StandIn(["cuda", "dml", "cpu"], { broken });
      const { vae, asked } = await open(runtime);
      const plans: CodingPlan[] = [];
      const onPlan = (plan: CodingPlan): void => void plans.push(plan);
      const { sample } = await vae.decode(latents, { tiling, onPlan });
      expect(plans.map(({ device }) => device)).toEqual(["cuda", "dml", "cpu"]);
      expect(asked).toEqual(["cuda", "dml", "cpu"]);
      // Nothing that was planned for another device is left: neither the graph, nor the plan.
      expect(sample).toBeAllclose(expected, { absolute: 0 });
      expect(plans.at(-1)).toEqual(expectedPlan);
      expect(await vae.plan("decoder", { batch: 1, height: 9, width: 7 }, { tiling })).toEqual(expectedPlan);
      expect(vae.device).toBe("cpu");
      expect(new Set(runtime.made.map(({ device }) => device))).toEqual(new Set(["cpu"]));
    },
  );

  test("so are pictures that are on their way together", async () => {
    const runtime = new StandIn(["cuda", "cpu"], { broken });
    const { vae } = await open(runtime);
    const last = new Map<string, ConcreteDevice>();
    const code = (half: Half, tiling: "off" | "exact") => {
      const options = {
        tiling,
        onPlan: ({ device }: CodingPlan): void => void last.set(`${half} ${tiling}`, device),
      };
      const pixels = Generator.philox(3).randn([1, 3, 16, 24]);
      return half === "decoder" ? vae.decode(latents, options) : vae.encode(pixels, options);
    };
    await Promise.all([
      code("decoder", "off"),
      code("encoder", "exact"),
      code("encoder", "off"),
      code("decoder", "exact"),
    ]);
    expect([...last.values()]).toEqual(["cpu", "cpu", "cpu", "cpu"]);
    expect(new Set(runtime.made.map(({ device }) => device))).toEqual(new Set(["cpu"]));
  });

  test("and none is left, the error names every device", async () => {
    const { vae } = await open(new StandIn(["cuda", "cpu"], { broken: ["cuda", "cpu"] }));
    await expect(vae.decode(latents)).rejects.toMatchObject({
      code: "RUNTIME",
      message: expect.stringContaining("(cuda, cpu: no memory)") as string,
    });
  });
});

test("a runtime that names one failing device after another in turns is left with its error", async () => {
  const runtime = new StandIn(["cpu"], { broken: ["cpu"] });
  let calls = 0;
  runtime.resolve = () => {
    calls += 1;
    // Nobody should ask for ever: a bound lets the test fail instead of hanging.
    return calls > 20
      ? Promise.reject(new Error("asked for ever"))
      : Promise.resolve(calls % 2 ? "cuda" : "dml");
  };
  const { vae } = await open(runtime);
  const plans: ConcreteDevice[] = [];
  const decoded = vae.decode(Generator.philox(2).randn([1, 4, 4, 4]), {
    onPlan: ({ device }) => void plans.push(device),
  });
  await expect(decoded).rejects.toMatchObject({ code: "RUNTIME" });
  expect(plans).toEqual(["cuda", "dml"]);
});

test("ONNX Runtime itself, asked for CUDA where there is none, resolves to the processor and stays there", async () => {
  const runtime = new NodeRuntime({ device: "auto" }, ["cuda", "cpu"]);
  const { vae, asked } = await open(runtime);
  expect(runtime.device).toBeUndefined();
  const { sample } = await vae.decode(Generator.philox(2).randn([1, 4, 4, 4]));
  expect(sample.shape).toEqual([1, 3, 32, 32]);
  expect(asked).toEqual(["cpu"]);
  expect([runtime.device, await runtime.resolve()]).toEqual(["cpu", "cpu"]);
});

test.each(runtimeNames)(
  "%s resolves to the only device that can be meant, without a session",
  async (name) => {
    const runtime = createRuntime[name]();
    expect(await runtime.resolve()).toBe("cpu");
    expect(runtime.device).toBeUndefined();
    await runtime.dispose();
  },
);
