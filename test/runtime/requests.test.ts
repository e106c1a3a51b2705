/** What the native runtime asks its thread for: by device, by options, and what keeps the process alive meanwhile. */
import { Worker } from "node:worker_threads";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { GraphBuilder, type Graph } from "../../src/graph/index.ts";
import type { TrickName } from "../../src/ort/index.ts";
import type { ConcreteDevice, SessionOptions } from "../../src/runtime/index.ts";
import { NodeRuntime, type NodeRuntimeOptions } from "../../src/runtime/node/node-runtime.ts";
import type { Request } from "../../src/runtime/node/protocol.ts";
import { Tensor } from "../../src/tensor/tensor.ts";

type Creation = Extract<Request, { kind: "create" }>;

// Listens in, and lets everything through.
const sending = vi.spyOn(Worker.prototype, "postMessage");
const posted = (): Request[] => sending.mock.calls.map(([message]) => message as Request);
afterEach(() => {
  sending.mockClear();
});
afterAll(() => {
  sending.mockRestore();
});

function normalising(): Graph {
  const builder = new GraphBuilder("norm");
  const x = builder.input("x", "float32", [1, 2, 4]);
  const [ones, zeros] = [1, 0].map((value) =>
    builder.constant(`c${value}`, Tensor.from(Float32Array.of(value, value), [2])),
  );
  return builder.build({
    y: builder.apply("InstanceNormalization", [x, ones!, zeros!], { epsilon: 1e-6 }),
  });
}

const textOf = (model: Uint8Array): string => new TextDecoder("latin1").decode(model);

/** The request for a session, which a device that is not here refuses. */
async function creation(options: NodeRuntimeOptions, session: SessionOptions = {}): Promise<Creation> {
  await using runtime = new NodeRuntime(options);
  sending.mockClear();
  await runtime.createSession(normalising(), session).catch(() => undefined);
  const found = posted().filter((request): request is Creation => request.kind === "create");
  expect(found).toHaveLength(1);
  return found[0]!;
}

let isOn: (name: TrickName) => boolean;
beforeAll(async () => {
  await using runtime = new NodeRuntime({ device: "cpu" });
  const { tricks } = await runtime.describe();
  isOn = (name) => tricks.some((each) => each.name === name && each.state === "on");
});

describe("a session", () => {
  test.each<[ConcreteDevice, boolean]>([
    ["cpu", false],
    ["cuda", false],
    ["webgpu", true],
  ])(
    "on %s has that provider, and the variance in two passes where its own is not precise",
    async (device, isPrecise) => {
      const { model, options, outputs } = await creation({ device });
      expect(options.executionProviders).toEqual([device]);
      expect(textOf(model).includes("ReduceMean")).toBe(isPrecise);
      expect(outputs).toEqual({ y: { dtype: "float32", shape: [1, 2, 4] } });
    },
  );

  test("has the runtime's threads and memory, one per core and none unless told otherwise", async () => {
    expect((await creation({ device: "cpu" })).options).toMatchObject({
      intraOpNumThreads: 0,
      enableCpuMemArena: false,
    });
    expect((await creation({ device: "cpu", threadCount: 1, keepsMemory: true })).options).toMatchObject({
      intraOpNumThreads: 1,
      enableCpuMemArena: true,
    });
    expect(new NodeRuntime({ device: "cpu", threadCount: 3 }).threadCount).toBe(3);
    expect(new NodeRuntime({ device: "cpu" }).threadCount).toBe(0);
  });

  test("has no optimisers where its operators are fused: on the processor, and not in training", async () => {
    const levelOf = async (options: NodeRuntimeOptions): Promise<unknown> =>
      (await creation(options)).options.graphOptimizationLevel;
    expect(await levelOf({ device: "cpu" })).toBe(isOn("fused-operators") ? "disabled" : "extended");
    expect(await levelOf({ device: "cpu", keepsMemory: true })).toBe("extended");
    expect(await levelOf({ device: "cuda" })).toBe("extended");
    expect(await levelOf({ device: "cpu", ort: "plain" })).toBe("extended");
  });

  test("shares its memory with others only in a workspace, on the processor", async () => {
    const shares = async (options: NodeRuntimeOptions, session: SessionOptions): Promise<boolean> =>
      (await creation(options, session)).sharesArena;
    expect(await shares({ device: "cpu" }, { inWorkspace: true })).toBe(isOn("shared-arena"));
    expect(await shares({ device: "cpu" }, {})).toBe(false);
    expect(await shares({ device: "cuda" }, { inWorkspace: true })).toBe(false);
    expect(await shares({ device: "cpu", ort: "plain" }, { inWorkspace: true })).toBe(false);
  });

  test("leaves its results in our arrays where that works", async () => {
    expect((await creation({ device: "cpu" })).endsUnreturned).toBe(isOn("uncopied-results"));
    expect((await creation({ device: "cpu", ort: { "uncopied-results": false } })).endsUnreturned).toBe(
      false,
    );
  });
});

describe("the thread", () => {
  const ports = (): number =>
    process.getActiveResourcesInfo().filter((name) => name === "MessagePort").length;
  const double = (): Graph => {
    const builder = new GraphBuilder("double");
    const x = builder.input("x", "float32", [1]);
    return builder.build({ y: builder.apply("Add", [x, x], {}) });
  };

  test("is started by the first request, and keeps the process alive only while one is under way", async () => {
    let started = 0;
    const count = (): void => {
      started++;
    };
    process.on("worker", count);
    const before = ports();
    const runtime = new NodeRuntime({ device: "cpu" });
    await runtime.resolve();
    expect(started).toBe(0);
    const making = runtime.createSession(double());
    await making;
    const session = await making;
    expect(ports()).toBe(before);
    const running = session.run({ x: Tensor.zeros([1]) });
    expect(ports()).toBe(before + 1);
    await running;
    expect(ports()).toBe(before);
    await runtime.dispose();
    process.off("worker", count);
    expect(started).toBe(1);
  });

  test("is told that nobody waits for a call any longer", async () => {
    await using runtime = new NodeRuntime({ device: "cpu" });
    const session = await runtime.createSession(double());
    sending.mockClear();
    const controller = new AbortController();
    const run = session.run({ x: Tensor.zeros([1]) }, { signal: controller.signal });
    controller.abort();
    await expect(run).rejects.toMatchObject({ code: "ABORTED" });
    const withdrawal = posted().find(({ kind }) => kind === "run")!.withdrawal!;
    expect([...new Int32Array(withdrawal)]).toEqual([1]);
    sending.mockClear();
    await session.run({ x: Tensor.zeros([1]) });
    expect(posted().find(({ kind }) => kind === "run")!.withdrawal).toBeUndefined();
  });

  test("is asked to give back each session, state and workspace once, and nothing after its end", async () => {
    const runtime = new NodeRuntime({ device: "cpu" });
    const session = await runtime.createSession(double());
    const state = await runtime.createState({ w: Tensor.zeros([1]) });
    const workspace = await runtime.createWorkspace({ size: 1 });
    sending.mockClear();
    for (const thing of [session, session, state, state, workspace, workspace]) await thing.dispose();
    expect(posted().map(({ kind }) => kind)).toEqual(["release", "release-state", "release-workspace"]);
    const left = await runtime.createSession(double());
    await runtime.dispose();
    sending.mockClear();
    await left.dispose();
    expect(posted()).toEqual([]);
  });

  test("gets a state that replaces what the graph makes anew, and reads the rest", async () => {
    await using runtime = new NodeRuntime({ device: "cpu" });
    const builder = new GraphBuilder("step");
    const [a, b] = ["a", "b"].map((name) => builder.input(name, "float32", [1]));
    const sum = builder.apply("Add", [a!, b!], {});
    const session = await runtime.createSession(builder.build({ "a.next": sum }));
    const one = Tensor.from(Float32Array.of(1), [1]);
    const state = await runtime.createState({ a: one, b: one });
    sending.mockClear();
    expect(await session.run({}, { state })).toEqual({});
    await session.run({ b: Tensor.from(Float32Array.of(5), [1]) }, { state });
    const uses = posted().map((request) => (request.kind === "run" ? request.use : undefined));
    expect(uses).toMatchObject([
      { reads: ["a", "b"], replaces: { "a.next": "a" } },
      { reads: ["a"], replaces: { "a.next": "a" } },
    ]);
    expect((await state.read(["a"]))["a"]!.data[0]).toBe(7);
    expect(Object.keys(await state.read())).toEqual(["a", "b"]);
    const foreign = { names: ["a", "b"], read: () => Promise.resolve({}), dispose: () => Promise.resolve() };
    await expect(session.run({}, { state: foreign })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: "run: expected a state of the same runtime as the session's.",
    });
  });
});
