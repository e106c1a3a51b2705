import { describe, expect, test } from "vitest";
import { VaekitError } from "../errors.ts";
import { GraphBuilder, type Graph, type Value } from "../graph/index.ts";
import type {
  ConcreteDevice,
  Runtime,
  Session,
  SessionOptions,
  State,
  Workspace,
  WorkspaceOptions,
  WorkspaceStep,
} from "../runtime/index.ts";
import { sizeOf } from "../tensor/shape.ts";
import { storeInMemory } from "../tensor/stored-tensor.ts";
import { Tensor } from "../tensor/tensor.ts";
import { allocate } from "./allocate.ts";
import { compileStrips } from "./compile.ts";
import { StripExecutor } from "./execute.ts";
import { spill } from "./spill.ts";

/** Three convolutions of 2 channels over 16 x 3 pixels, whose weights are stored: strips of 4 rows. */
function graph(): Graph {
  const builder = new GraphBuilder("three");
  const conv = (x: Value, name: string): Value =>
    builder.apply("Conv", [x, builder.stored(storeInMemory(name, Tensor.zeros([2, 2, 3, 3])))], {
      strides: [1, 1],
      pads: [1, 1, 1, 1],
    });
  const x = builder.input("x", "float32", [1, 2, 16, 3]);
  const first = conv(x, "a");
  return builder.build({ y: conv(builder.apply("Add", [conv(first, "b"), first], {}), "c") });
}

const program = compileStrips(graph(), { stripElements: 1, chooseTile: () => undefined });
const spilled = spill(program, () => "segment");
const x = Tensor.from(
  Float32Array.from({ length: 96 }, (_, index) => index),
  [1, 2, 16, 3],
);

/** Computes nothing: it keeps account of what it is asked for, and fails where it is told to. */
class Ledger implements Runtime {
  readonly name = "ledger";
  readonly device = "cpu";
  readonly isDisposed = false;
  /** Sessions and workspaces that nobody has disposed. */
  readonly open = { sessions: new Set<Graph>(), workspaces: 0 };
  readonly sessionsMade: { readonly graph: Graph; readonly options: SessionOptions }[] = [];
  readonly workspacesMade: WorkspaceOptions[] = [];
  readonly steps: WorkspaceStep[] = [];
  readonly signals: (AbortSignal | undefined)[] = [];
  /** Called before each thing of a kind; what it throws is its failure. */
  before: (what: "session" | "workspace" | "execute") => void | Promise<void> = () => undefined;

  resolve = (): Promise<ConcreteDevice> => Promise.resolve("cpu");
  createState = (): Promise<State> => Promise.reject(new Error("no state"));
  dispose = (): Promise<void> => Promise.resolve();

  async createSession(made: Graph, options: SessionOptions = {}): Promise<Session> {
    await this.before("session");
    this.sessionsMade.push({ graph: made, options });
    this.open.sessions.add(made);
    const dispose = (): Promise<void> => {
      this.open.sessions.delete(made);
      return Promise.resolve();
    };
    return { run: () => Promise.reject(new Error("not by itself")), dispose };
  }

  async createWorkspace(options: WorkspaceOptions): Promise<Workspace> {
    this.workspacesMade.push(options);
    await this.before("workspace");
    this.open.workspaces++;
    let isOpen = true;
    return {
      execute: async (steps, { signal } = {}) => {
        this.signals.push(signal);
        await this.before("execute");
        this.steps.push(...steps);
        const reads = steps.flatMap((step) => (step.kind === "read" ? [step] : []));
        return Object.fromEntries(reads.map(({ name, region: { shape } }) => [name, counted(shape)]));
      },
      dispose: () => {
        if (isOpen) this.open.workspaces--;
        isOpen = false;
        return Promise.resolve();
      },
    };
  }
}

/** 0, 1, 2, … */
const counted = (shape: readonly number[]): Tensor =>
  Tensor.from(
    Float32Array.from({ length: sizeOf(shape) }, (_, index) => index),
    shape,
  );

const failure = new VaekitError("RUNTIME", "out of luck");

/** Fails from the n-th time on. */
function failing(kind: "session" | "workspace" | "execute", nth: number): Ledger["before"] {
  let count = 0;
  return (what) => {
    if (what === kind && ++count >= nth) throw failure;
  };
}

const kept = new Set(program.graphs);

describe("a picture through a program", () => {
  test("goes in and comes out row by row, with the channels of a pixel together inside", async () => {
    const runtime = new Ledger();
    const done: number[] = [];
    const y = await new StripExecutor(runtime, program).run(x, { onProgress: (count) => done.push(count) });
    const written = runtime.steps.flatMap((step) => (step.kind === "write" ? [[...step.data]] : []));
    const pixels = Array.from({ length: 48 }, (_, pixel) => [pixel, 48 + pixel]);
    expect(written.flat()).toEqual(pixels.flat());
    expect(written.map(({ length }) => length)).toEqual([24, 24, 24, 24]);
    // Each strip [1, 4, 3, 2] counts 0, 1, 2, …: channel 0 has the even numbers.
    const strip = Array.from({ length: 12 }, (_, pixel) => 2 * pixel);
    const channel = [strip, strip, strip, strip].flat();
    expect([...y.data]).toEqual([...channel, ...channel.map((value) => value + 1)]);
    expect(y.shape).toEqual([1, 2, 16, 3]);
    expect(done).toEqual(program.operations.map((_, index) => index + 1));
  });

  test("leaves sessions of strips and memory for the next one, and no other session", async () => {
    const runtime = new Ledger();
    const executor = new StripExecutor(runtime, program);
    for (let picture = 1; picture <= 2; picture++) {
      await executor.run(x);
      expect(runtime.open).toEqual({ sessions: kept, workspaces: 1 });
      expect(runtime.sessionsMade).toHaveLength(kept.size + picture * program.weights.length);
    }
    expect(runtime.workspacesMade).toEqual([{ size: allocate(program).size, fileSize: 0 }]);
    await executor.dispose();
    expect(runtime.open).toEqual({ sessions: new Set(), workspaces: 0 });
  });

  test("with a temporary file has one of its own, in the folder that is asked for", async () => {
    const runtime = new Ledger();
    const executor = new StripExecutor(runtime, spilled);
    await executor.run(x, { temporaryFolder: "there" });
    expect(runtime.open.workspaces).toBe(0);
    await executor.run(x);
    const { size, fileSize } = allocate(spilled);
    expect(fileSize).toBeGreaterThan(0);
    expect(runtime.workspacesMade).toEqual([
      { size, fileSize, folder: "there" },
      { size, fileSize },
    ]);
    const moved = runtime.steps.flatMap((step) =>
      step.kind === "store" || step.kind === "load" ? [step] : [],
    );
    expect(new Set(moved.map(({ kind }) => kind))).toEqual(new Set(["store", "load"]));
    for (const { position } of moved) expect(position).toBeLessThan(fileSize);
    await executor.dispose();
  });

  test("gives large memory back: more than 512 MB", async () => {
    for (const [size, workspaces] of [
      [2 ** 27, 1],
      [2 ** 27 + 16, 0],
    ] as const) {
      const runtime = new Ledger();
      const executor = new StripExecutor(runtime, program, { ...allocate(program), size });
      await executor.run(x);
      expect(runtime.open.workspaces).toBe(workspaces);
      await executor.dispose();
    }
  });

  test("runs in workspaces, on the device that it was planned for", async () => {
    const options = async (device?: ConcreteDevice): Promise<SessionOptions[]> => {
      const runtime = new Ledger();
      await new StripExecutor(runtime, program, undefined, device).run(x);
      return runtime.sessionsMade.map(({ options: each }) => each);
    };
    for (const each of await options("dml")) expect(each).toEqual({ inWorkspace: true, device: "dml" });
    for (const each of await options()) expect(each).toEqual({ inWorkspace: true });
  });
});

describe("a failure", () => {
  test.each([
    ["of the first step", "execute", 1],
    ["of a later step", "execute", 5],
    ["of the memory", "workspace", 1],
    ["of the first session", "session", 1],
    ["of a session of weights", "session", program.graphs.length + 1],
    ["of a session of weights that was made ahead", "session", program.graphs.length + 2],
  ] as const)("%s is told, frees what the picture had, and does not stay", async (_, kind, nth) => {
    const runtime = new Ledger();
    const executor = new StripExecutor(runtime, program);
    runtime.before = failing(kind, nth);
    await expect(executor.run(x)).rejects.toBe(failure);
    expect(runtime.open.workspaces).toBe(0);
    for (const weights of program.weights) expect(runtime.open.sessions.has(weights)).toBe(false);
    runtime.before = () => undefined;
    await executor.run(x);
    expect(runtime.open).toEqual({ sessions: kept, workspaces: 1 });
    await executor.dispose();
    expect(runtime.open).toEqual({ sessions: new Set(), workspaces: 0 });
  });
});

describe("an abort", () => {
  test("before the first step computes nothing", async () => {
    const runtime = new Ledger();
    const executor = new StripExecutor(runtime, program);
    await expect(executor.run(x, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "ABORTED" });
    expect(runtime.steps).toEqual([]);
    expect(runtime.open.workspaces).toBe(0);
    await executor.dispose();
  });

  test("midway reaches the workspace, sends nothing more, and the next picture is computed", async () => {
    const runtime = new Ledger();
    const executor = new StripExecutor(runtime, program);
    const controller = new AbortController();
    let batches = 0;
    runtime.before = (what) => {
      if (what === "execute" && ++batches === 3) controller.abort();
    };
    await expect(executor.run(x, { signal: controller.signal })).rejects.toMatchObject({ code: "ABORTED" });
    expect(new Set(runtime.signals)).toEqual(new Set([controller.signal]));
    expect(batches).toBeLessThanOrEqual(4);
    expect(runtime.open.workspaces).toBe(0);
    for (const weights of program.weights) expect(runtime.open.sessions.has(weights)).toBe(false);
    runtime.signals.length = 0;
    await executor.run(x);
    expect(new Set(runtime.signals)).toEqual(new Set([undefined]));
    await executor.dispose();
    expect(runtime.open).toEqual({ sessions: new Set(), workspaces: 0 });
  });
});

describe("the end of a program", () => {
  /** Disposes a program while its workspace takes the n-th steps; says how often it was asked for steps. */
  async function disposedDuring(nth: number): Promise<number> {
    const runtime = new Ledger();
    const executor = new StripExecutor(runtime, program);
    let disposed: Promise<void> | undefined;
    let asked = 0;
    runtime.before = (what) => {
      if (what === "execute" && ++asked === nth) disposed = executor.dispose();
    };
    const running = executor.run(x);
    if (nth === Infinity) {
      await running;
      return asked;
    }
    await expect(running, `during ${nth}`).rejects.toMatchObject({
      code: "DISPOSED",
      message: "The strips' program was disposed.",
    });
    await disposed;
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(runtime.open, `during ${nth}`).toEqual({ sessions: new Set(), workspaces: 0 });
    return asked;
  }

  test("ends the picture under way, whenever it comes, and leaves nothing of it", async () => {
    const count = await disposedDuring(Infinity);
    expect(count).toBeGreaterThan(5);
    for (let nth = 1; nth <= count; nth++) await disposedDuring(nth);
  });

  test("refuses the next picture, and may come twice", async () => {
    const runtime = new Ledger();
    const executor = new StripExecutor(runtime, program);
    await executor.run(x);
    await Promise.all([executor.dispose(), executor.dispose()]);
    await expect(executor.run(x)).rejects.toMatchObject({ code: "DISPOSED" });
    expect(runtime.open).toEqual({ sessions: new Set(), workspaces: 0 });
  });

  test("waits for sessions that are being made, and for those that fail", async () => {
    const runtime = new Ledger();
    const executor = new StripExecutor(runtime, program);
    let asked = 0;
    runtime.before = () => {
      if (++asked === 1) throw failure;
    };
    const failed = expect(executor.session(0)).rejects.toBe(failure);
    const made = executor.session(program.graphs.length - 1);
    await executor.dispose();
    await failed;
    await made;
    expect(runtime.open.sessions.size).toBe(0);
    expect(() => executor.session(0)).toThrow(expect.objectContaining({ code: "DISPOSED" }));
  });
});
