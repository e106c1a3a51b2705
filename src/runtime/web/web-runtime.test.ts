/** What onnxruntime-web is asked for, in which order, and what is given back: with a stand-in for its module. */
import { Tensor as OrtTensor, type InferenceSession } from "onnxruntime-common";
import { describe, expect, test } from "vitest";
import { VaekitError } from "../../errors.ts";
import { GraphBuilder, type Graph } from "../../graph/index.ts";
import type { ByteSource } from "../../tensor/byte-source.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { nextOf, type WorkspaceStep } from "../runtime.ts";
import type { OrtModule } from "./ort-module.ts";
import { WebRuntime, type WebRuntimeOptions } from "./web-runtime.ts";

type Feeds = Record<string, OrtTensor>;

/** Doubles what it is fed. */
function standIn() {
  const log: string[] = [];
  const created: { model: Uint8Array; options: InferenceSession.SessionOptions }[] = [];
  const control = {
    failCreate: false,
    failRun: false,
    beforeCreate: (): Promise<void> | void => undefined,
    /** What WebGPU adds to its results. */
    graphicsError: 0,
  };
  let sessions = 0;
  const ort = {
    InferenceSession: {
      create: async (model: Uint8Array, options: InferenceSession.SessionOptions) => {
        await control.beforeCreate();
        if (control.failCreate) throw new Error("no adapter");
        created.push({ model, options });
        const id = sessions++;
        log.push(`create ${id}`);
        const error = options.executionProviders![0] === "webgpu" ? control.graphicsError : 0;
        return {
          run: async (feeds: Feeds) => {
            log.push(`run ${id}`);
            await Promise.resolve();
            if (control.failRun) throw new Error("no kernel");
            const [fed] = Object.values(feeds);
            const data = Float32Array.from(fed!.data as Float32Array, (value) => 2 * value + error);
            log.push(`ran ${id}`);
            return {
              y: new OrtTensor("float32", data, fed!.dims),
              [nextOf("w")]: new OrtTensor("float32", data, fed!.dims),
            };
          },
          release: () => {
            log.push(`release ${id}`);
            return Promise.resolve();
          },
        };
      },
    },
    Tensor: OrtTensor,
  } as unknown as OrtModule;
  return { ort, log, created, control };
}

const open = (options: WebRuntimeOptions = {}) => {
  const module = standIn();
  return { runtime: new WebRuntime(module.ort, { isTested: true, ...options }), ...module };
};

function graphNamed(name: string, source?: ByteSource): Graph {
  const builder = new GraphBuilder(name);
  const x = builder.input("x", "float32", [2]);
  const other =
    source === undefined
      ? x
      : builder.stored({ name: "w", dtype: "float32", shape: [2], source, byteOffset: 4, byteLength: 8 });
  return builder.build({ y: builder.apply("Add", [x, other], {}) });
}

const pair = (a: number, b: number): Tensor<"float32"> => Tensor.from(Float32Array.of(a, b), [2]);
const x = pair(1, 2);

/** A file that can be missing, and remembers what is read of it. */
function sourceOf(bytes: Uint8Array<ArrayBuffer>) {
  const state = { reads: [] as [number, number][], isMissing: false };
  const source: ByteSource = {
    name: "weights.bin",
    byteLength: bytes.length,
    read: (offset, length) => {
      state.reads.push([offset, length]);
      return state.isMissing
        ? Promise.reject(new VaekitError("IO", "gone"))
        : Promise.resolve(bytes.slice(offset, offset + length));
    },
  };
  return { source, state };
}

const textOf = (model: Uint8Array): string => new TextDecoder("latin1").decode(model);

describe("a WebRuntime", () => {
  test.each([
    [{}, "wasm", "cpu"],
    [{ device: "auto" }, "wasm", "cpu"],
    [{ device: "cpu" }, "wasm", "cpu"],
    [{ device: "webgpu" }, "webgpu", "webgpu"],
  ] as const)(
    "with %j asks for the provider %s, and says so once it has a session",
    async (options, provider, device) => {
      const { runtime, created } = open(options);
      expect(await runtime.resolve()).toBe(device);
      expect(runtime.device).toBeUndefined();
      await runtime.createSession(graphNamed("g"));
      expect(runtime.device).toBe(device);
      expect(created[0]!.options).toEqual({
        executionProviders: [provider],
        externalData: [],
        logSeverityLevel: 4,
      });
    },
  );

  test.each(["cuda", "dml", "coreml"] as const)("refuses the device %s", (device) => {
    expect(() => open({ device })).toThrow(
      expect.objectContaining({
        code: "UNSUPPORTED",
        message: `device: expected "auto", "cpu" or "webgpu" in onnxruntime-web, found "${device}".`,
      }),
    );
  });

  test.each([
    undefined,
    null,
    {},
    { InferenceSession: {}, Tensor: OrtTensor },
    { InferenceSession: { create: open } },
  ])("refuses %j in the module's place", (ort) => {
    expect(() => new WebRuntime(ort as never)).toThrow("ort: expected an entry of onnxruntime-web");
  });

  test("takes the variance in two passes on WebGPU, where its own is not precise, and only there", async () => {
    const builder = new GraphBuilder("norm");
    const input = builder.input("x", "float32", [1, 2, 4]);
    const ones = builder.constant("ones", Tensor.from(Float32Array.of(1, 1), [2]));
    const zeros = builder.constant("zeros", Tensor.zeros([2]));
    const graph = builder.build({
      y: builder.apply("InstanceNormalization", [input, ones, zeros], { epsilon: 1e-6 }),
    });
    const processor = open();
    await processor.runtime.createSession(graph);
    expect(textOf(processor.created[0]!.model)).toContain("InstanceNormalization");
    expect(textOf(processor.created[0]!.model)).not.toContain("ReduceMean");
    const graphics = open({ device: "webgpu" });
    await graphics.runtime.createSession(graph);
    expect(textOf(graphics.created[0]!.model)).toContain("ReduceMean");
  });

  test("compares WebGPU with WebAssembly before its first session, and not again", async () => {
    const { runtime, created, log } = open({ device: "webgpu", isTested: false });
    await Promise.all([runtime.createSession(graphNamed("a")), runtime.createSession(graphNamed("b"))]);
    const providers = created.map(({ options }) => options.executionProviders![0]);
    expect(providers).toEqual(["webgpu", "wasm", "webgpu", "webgpu"]);
    expect(log.filter((each) => each.startsWith("release"))).toEqual(["release 0", "release 1"]);
  });

  test("makes no session where WebGPU computes something else", async () => {
    const { runtime, created, control } = open({ device: "webgpu", isTested: false });
    control.graphicsError = 0.5;
    for (const name of ["a", "b"])
      await expect(runtime.createSession(graphNamed(name))).rejects.toMatchObject({
        code: "RUNTIME",
        message: expect.stringMatching(
          /^WebGPU computes something else than WebAssembly on this machine \(.*: 0\.5\d*\); device: "cpu" is right\.$/,
        ) as string,
      });
    expect(created).toHaveLength(2);
  });

  test("reads the weights of each session for itself, says when they are gone, and keeps none of them", async () => {
    const { runtime, created } = open();
    const bytes = new Uint8Array(Float32Array.of(-1, 10, 20).buffer);
    const { source, state } = sourceOf(bytes);
    state.isMissing = true;
    await expect(runtime.createSession(graphNamed("a", source))).rejects.toMatchObject({ code: "IO" });
    state.isMissing = false;
    await runtime.createSession(graphNamed("a", source));
    await runtime.createSession(graphNamed("b", source));
    expect(state.reads).toEqual([
      [4, 8],
      [4, 8],
      [4, 8],
    ]);
    for (const { model, options } of created) {
      const [file, ...others] = options.externalData as readonly { path: string; data: Uint8Array }[];
      expect(others).toEqual([]);
      // What the graph uses, and not the number before it.
      expect(file!.data).toEqual(bytes.subarray(4));
      expect(textOf(model)).toContain(file!.path);
    }
  });

  test("lets ONNX Runtime fold no constants beside weights in WebAssembly, where they would take several times the memory", async () => {
    const { source } = sourceOf(new Uint8Array(12));
    const extraOf = async (options: WebRuntimeOptions, graph: Graph): Promise<unknown> => {
      const { runtime, created } = open(options);
      await runtime.createSession(graph);
      return created[0]!.options.extra;
    };
    const without = { optimization: { disable_specified_optimizers: "ConstantFolding" } };
    expect(await extraOf({}, graphNamed("a", source))).toEqual(without);
    expect(await extraOf({}, graphNamed("a"))).toBeUndefined();
    expect(await extraOf({ device: "webgpu" }, graphNamed("a", source))).toBeUndefined();
  });

  test("gives a Blob away as it is where ONNX Runtime reads it piece by piece", async () => {
    const { runtime, created } = open({ readsBlobs: true });
    const blob = new Blob([Float32Array.of(-1, 10, 20)]);
    const { source, state } = sourceOf(new Uint8Array(12));
    await runtime.createSession(graphNamed("a", Object.assign(source, { blob })));
    expect(state.reads).toEqual([]);
    expect(created[0]!.options.externalData).toEqual([{ path: "weights-0", data: blob }]);
    const other = open();
    await other.runtime.createSession(graphNamed("a", source));
    expect(state.reads).toEqual([[4, 8]]);
  });

  test("says what could not be prepared or run, and goes on", async () => {
    const { runtime, control } = open({ device: "webgpu" });
    control.failCreate = true;
    await expect(runtime.createSession(graphNamed("g"))).rejects.toMatchObject({
      code: "RUNTIME",
      message: "ONNX Runtime could not prepare the graph g (webgpu: no adapter).",
    });
    control.failCreate = false;
    const session = await runtime.createSession(graphNamed("g"));
    control.failRun = true;
    await expect(session.run({ x })).rejects.toMatchObject({
      code: "RUNTIME",
      message: "onnxruntime-web could not run the graph g: no kernel",
    });
    control.failRun = false;
    expect((await session.run({ x }))["y"]).toEqual(pair(2, 4));
  });

  test("makes no session for another device than the planned one", async () => {
    const { runtime, created } = open();
    await expect(runtime.createSession(graphNamed("g"), { device: "webgpu" })).rejects.toMatchObject({
      code: "RUNTIME",
      message: "the graph g was planned for webgpu, which does not work here.",
    });
    expect(created).toEqual([]);
  });
});

describe("its sessions", () => {
  test("are made, run and released one after the other, also those of two runtimes on one module", async () => {
    const { runtime, ort, log } = open();
    const other = new WebRuntime(ort);
    const [a, b] = await Promise.all([
      runtime.createSession(graphNamed("a")),
      other.createSession(graphNamed("b")),
    ]);
    await Promise.all([a.run({ x }), b.run({ x }), a.run({ x }), b.dispose()]);
    expect(log).toEqual([
      ...["create 0", "create 1"],
      ...["run 0", "ran 0", "run 1", "ran 1", "run 0", "ran 0", "release 1"],
    ]);
  });

  test("are released once, by themselves or with their runtime", async () => {
    const { runtime, log } = open();
    const [a] = await Promise.all([
      runtime.createSession(graphNamed("a")),
      runtime.createSession(graphNamed("b")),
    ]);
    await a.dispose();
    await a.dispose();
    await expect(a.run({ x })).rejects.toMatchObject({ code: "DISPOSED" });
    await Promise.all([runtime.dispose(), runtime.dispose()]);
    expect(log.filter((each) => each.startsWith("release"))).toEqual(["release 0", "release 1"]);
    expect(runtime.isDisposed).toBe(true);
  });

  test("that are being made when the runtime ends are released, or not made at all", async () => {
    const { runtime, log, control } = open();
    let reach: () => void = () => undefined;
    let go: () => void = () => undefined;
    const reached = new Promise<void>((resolve) => (reach = resolve));
    control.beforeCreate = () => {
      reach();
      return new Promise((resolve) => (go = resolve));
    };
    const refused = [runtime.createSession(graphNamed("a")), runtime.createSession(graphNamed("b"))].map(
      (making) => expect(making).rejects.toMatchObject({ code: "DISPOSED" }),
    );
    await reached;
    const ended = runtime.dispose();
    go();
    await Promise.all([ended, ...refused]);
    await expect.poll(() => log).toEqual(["create 0", "release 0"]);
    await expect(runtime.createSession(graphNamed("c"))).rejects.toMatchObject({ code: "DISPOSED" });
  });

  test("do not run what was aborted while it waited, nor what nobody would hear of", async () => {
    const { runtime, log } = open();
    const session = await runtime.createSession(graphNamed("a"));
    const controller = new AbortController();
    const first = session.run({ x });
    const second = session.run({ x }, { signal: controller.signal });
    controller.abort();
    await expect(second).rejects.toMatchObject({ code: "ABORTED" });
    await first;
    await expect(session.run({ x }, { signal: controller.signal })).rejects.toMatchObject({
      code: "ABORTED",
    });
    await session.run({ x });
    expect(log.filter((each) => each === "run 0")).toHaveLength(2);
  });

  test("take what a state holds, and leave its successor there instead of returning it", async () => {
    const builder = new GraphBuilder("stateful");
    const w = builder.input("w", "float32", [2]);
    const doubled = builder.apply("Add", [w, w], {});
    const graph = builder.build({ y: doubled, [nextOf("w")]: builder.apply("Identity", [doubled], {}) });
    const { runtime } = open();
    const session = await runtime.createSession(graph);
    const state = await runtime.createState({ w: x });
    expect(Object.keys(await session.run({}, { state }))).toEqual(["y"]);
    await session.run({}, { state });
    expect((await state.read(["w"]))["w"]).toEqual(pair(4, 8));
    expect((await session.run({ w: pair(0, 1) }, { state }))["y"]).toEqual(pair(0, 2));
    await expect(session.run({}, { state: { ...state, names: ["w"] } })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: "run: expected a state of the same runtime as the session's.",
    });
    await state.dispose();
    await expect(session.run({}, { state })).rejects.toMatchObject({ code: "DISPOSED" });
    await expect(state.read()).rejects.toMatchObject({ code: "DISPOSED" });
  });
});

describe("its workspaces", () => {
  const at = (offset: number, size = 2) => ({ offset, shape: [size] });

  test("write, join, run and read", async () => {
    const { runtime } = open();
    const session = await runtime.createSession(graphNamed("a"));
    const workspace = await runtime.createWorkspace({ size: 6 });
    const joined = {
      parts: [
        { offset: 3, size: 1 },
        { offset: 0, size: 1 },
      ],
      shape: [2],
    };
    const read = await workspace.execute([
      { kind: "write", region: at(0), data: Float32Array.of(1, 2) },
      { kind: "write", region: at(2), data: Float32Array.of(3, 4) },
      { kind: "run", session, inputs: { x: joined }, outputs: { y: at(4) } },
      { kind: "read", region: at(4), name: "result" },
      { kind: "read", region: at(0, 4), name: "before" },
    ]);
    expect(read["result"]).toEqual(pair(8, 2));
    expect([...read["before"]!.data]).toEqual([1, 2, 3, 4]);
    read["before"]!.data[0] = 99;
    expect([...(await workspace.execute([{ kind: "read", region: at(0), name: "x" }]))["x"]!.data]).toEqual([
      1, 2,
    ]);
  });

  test("have no file, and refuse a session of another runtime, one that was disposed, and what comes after their end", async () => {
    const { runtime } = open();
    await expect(runtime.createWorkspace({ size: 1, fileSize: 1 })).rejects.toMatchObject({
      code: "UNSUPPORTED",
      message: expect.stringContaining("needs a temporary file, which this platform does not have") as string,
    });
    const workspace = await runtime.createWorkspace({ size: 2, fileSize: 0 });
    for (const kind of ["store", "load"] as const) {
      await expect(workspace.execute([{ kind, region: at(0), position: 0 }])).rejects.toMatchObject({
        code: "UNSUPPORTED",
      });
    }
    const runs = (session: unknown): WorkspaceStep[] => [
      { kind: "run", session: session as never, inputs: { x: at(0) }, outputs: { y: at(0) } },
    ];
    await expect(workspace.execute(runs({ run: open, dispose: open }))).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
    const session = await runtime.createSession(graphNamed("a"));
    await session.dispose();
    await expect(workspace.execute(runs(session))).rejects.toMatchObject({ code: "DISPOSED" });
    await workspace.dispose();
    await expect(workspace.execute([])).rejects.toMatchObject({ code: "DISPOSED" });
    await expect(runtime.createWorkspace({ size: 2 ** 53 })).rejects.toMatchObject({
      code: "RUNTIME",
      message: expect.stringMatching(
        /^exact tiling: \d+ MB of memory could not be had \(.*\)\. Set maxMemoryBytes/,
      ) as string,
    });
  });
});
