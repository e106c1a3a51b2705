/** Every runtime takes calls in the order in which they were made, whether their callers wait for each other or not. */
import { afterEach, describe, expect, test } from "vitest";
import { GraphBuilder, type Graph, type Value } from "../../src/graph/index.ts";
import { Generator } from "../../src/random/index.ts";
import {
  nextOf,
  type Region,
  type Runtime,
  type Session,
  type Workspace,
  type WorkspaceStep,
} from "../../src/runtime/index.ts";
import { storeInMemory } from "../../src/tensor/stored-tensor.ts";
import { Tensor } from "../../src/tensor/tensor.ts";
import { createRuntime, runtimeNames } from "./runtimes.ts";

const size = 4;
const regions: readonly Region[] = Array.from({ length: 5 }, (_, index) => ({
  offset: index * size,
  shape: [size],
}));

/** y = a - b: of small whole numbers, exact. */
function difference(): Graph {
  const builder = new GraphBuilder("difference");
  const [a, b] = ["a", "b"].map((name) => builder.input(name, "float32", [size])) as [Value, Value];
  return builder.build({ y: builder.apply("Sub", [a, b], {}) });
}

const scaled = (by: number): Graph => {
  const builder = new GraphBuilder("scaled");
  const x = builder.input("x", "float32", [1]);
  const weight = builder.stored(storeInMemory("w", Tensor.from(Float32Array.of(by), [1])));
  return builder.build({ y: builder.apply("Mul", [x, weight], {}) });
};

/** total.next = total + x */
function running(): Graph {
  const builder = new GraphBuilder("running");
  const [total, x] = ["total", "x"].map((name) => builder.input(name, "float32", [1])) as [Value, Value];
  return builder.build({ [nextOf("total")]: builder.apply("Add", [total, x], {}) });
}

const one = (value: number): Tensor<"float32"> => Tensor.from(Float32Array.of(value), [1]);
const write = (region: Region, value: number): WorkspaceStep => ({
  kind: "write",
  region,
  data: new Float32Array(size).fill(value),
});
const read = (region: Region, name = "x"): WorkspaceStep => ({ kind: "read", region, name });
const subtract = (session: Session, a: Region, b: Region, y: Region): WorkspaceStep => ({
  kind: "run",
  session,
  inputs: { a, b },
  outputs: { y },
});
/** Keeps a runtime busy for far longer than a program needs for its next lines, on a loaded machine as well. */
const long = (session: Session): WorkspaceStep[] =>
  Array.from({ length: 5000 }, () => subtract(session, regions[0]!, regions[1]!, regions[2]!));
/** Fails everywhere: the workspace has no temporary file. */
const failing: WorkspaceStep = { kind: "load", region: regions[0]!, position: 0 };

interface Batch {
  readonly steps: readonly WorkspaceStep[];
  /** What its reads give, by definition. */
  readonly expected: Readonly<Record<string, number[]>>;
}

/** Steps without meaning, in batches, and what they read when they are taken in order. */
function randomBatches(seed: number, session: Session): Batch[] {
  const { data } = Generator.philox(seed).randn([4096]);
  let drawn = 0;
  const draw = (below: number): number => Math.floor(Math.abs(data[drawn++ % 4096]!) * 1e4) % below;
  const memory = regions.map(() => new Array<number>(size).fill(0));
  return Array.from({ length: 12 }, () => {
    const steps: WorkspaceStep[] = [];
    const expected: Record<string, number[]> = {};
    for (let step = 0; step < 1 + draw(8); step++) {
      const [a, b, y] = [draw(5), draw(5), draw(5)];
      const kind = draw(4);
      if (kind === 0) {
        const value = draw(9) - 4;
        memory[y]!.fill(value);
        steps.push(write(regions[y]!, value));
      } else if (kind === 1) {
        expected[`read ${step}`] = [...memory[a]!];
        steps.push(read(regions[a]!, `read ${step}`));
      } else if (y !== a && y !== b) {
        memory[y] = memory[a]!.map((value, index) => value - memory[b]![index]!);
        steps.push(subtract(session, regions[a]!, regions[b]!, regions[y]!));
      }
    }
    return { steps, expected };
  });
}

const numbers = (tensors: Readonly<Record<string, Tensor>>): Record<string, number[]> =>
  Object.fromEntries(Object.entries(tensors).map(([name, { data }]) => [name, [...data].map(Number)]));

describe.each(runtimeNames)("%s", (name) => {
  let runtime: Runtime | undefined;
  const start = (): Runtime => (runtime = createRuntime[name]());
  afterEach(() => runtime?.dispose());

  const prepare = async (): Promise<{ runtime: Runtime; session: Session; workspace: Workspace }> => {
    const started = start();
    const session = await started.createSession(difference());
    return { runtime: started, session, workspace: await started.createWorkspace({ size: 5 * size }) };
  };

  describe("a workspace", () => {
    test("takes three calls that nobody waits for as it takes them one after the other", async () => {
      const { session, workspace, runtime } = await prepare();
      const [a, b, y] = regions as [Region, Region, Region];
      const calls = (): WorkspaceStep[][] => [
        [write(a, 7), write(b, 2), subtract(session, a, b, y), subtract(session, y, b, a), read(y)],
        [write(b, 3), subtract(session, a, b, y), subtract(session, y, b, a), read(y)],
        [write(b, 10), subtract(session, a, b, y), read(y), write(y, 1)],
      ];
      const waiting = await runtime.createWorkspace({ size: 5 * size });
      const expected: Record<string, Tensor>[] = [];
      for (const steps of calls()) expected.push(await waiting.execute(steps));
      const found = await Promise.all(calls().map((steps) => workspace.execute(steps)));
      expect(found.map(numbers)).toEqual(expected.map(numbers));
      expect(found.map(({ x }) => x!.data[0])).toEqual([5, 0, -13]);
    });

    test.each([1, 2, 3, 4, 5])("takes random calls in order (%i)", async (seed) => {
      const { session, workspace } = await prepare();
      await workspace.execute(regions.map((region) => write(region, 0)));
      const batches = randomBatches(seed, session);
      const found = await Promise.all(batches.map(({ steps }) => workspace.execute(steps)));
      expect(found.map(numbers)).toEqual(batches.map(({ expected }) => expected));
    });

    test("takes the calls behind one that fails, which keeps what it did until then", async () => {
      const { workspace } = await prepare();
      const [a, b] = regions as [Region, Region];
      const calls = [
        workspace.execute([write(a, 1), write(b, 1)]),
        workspace.execute([write(a, 2), failing, write(b, 2)]),
        workspace.execute([read(a, "a"), read(b, "b")]),
      ];
      const [, second, third] = await Promise.allSettled(calls);
      expect(second).toMatchObject({ status: "rejected" });
      expect(third).toMatchObject({ status: "fulfilled" });
      const { a: foundA, b: foundB } = await calls[2]!;
      expect([foundA!.data[0], foundB!.data[0]]).toEqual([2, 1]);
    });

    test("takes the calls that were made before it was disposed, and refuses those after", async () => {
      const { session, workspace } = await prepare();
      const [a, b, y] = regions as [Region, Region, Region];
      const before = workspace.execute([write(a, 5), write(b, 1), subtract(session, a, b, y), read(y)]);
      const disposed = workspace.dispose();
      await expect(workspace.execute([read(a)])).rejects.toMatchObject({ code: "DISPOSED" });
      expect((await before)["x"]!.data[0]).toBe(4);
      await disposed;
      await workspace.dispose();
    });

    test("rejects a waiting call at once when it is aborted, and takes none of its steps", async () => {
      const { session, workspace } = await prepare();
      const [a, b] = regions as [Region, Region];
      const controller = new AbortController();
      const settled: string[] = [];
      const note = (what: string) => () => void settled.push(what);
      const first = workspace.execute([write(a, 1), write(b, 0), ...long(session)]).finally(note("first"));
      const second = workspace.execute([write(a, 2)], { signal: controller.signal }).finally(note("second"));
      const third = workspace.execute([read(a)]);
      controller.abort();
      await expect(second).rejects.toMatchObject({ code: "ABORTED" });
      expect(settled).toEqual(["second"]);
      expect((await third)["x"]!.data[0]).toBe(1);
      await first;
    });

    test("begins no further step of a call that is aborted", async () => {
      const { session, workspace } = await prepare();
      const [a, b, y] = regions as [Region, Region, Region];
      // Counts down from 0: one step for each number, far more than can be taken in the time before the abort.
      const total = 100_000;
      const counting = Array.from({ length: total }, (_, step) =>
        step % 2 === 0 ? subtract(session, a, b, y) : subtract(session, y, b, a),
      );
      await workspace.execute([write(a, 0), write(b, 1), write(y, 0)]);
      const controller = new AbortController();
      const aborted = workspace.execute(counting, { signal: controller.signal });
      setTimeout(() => {
        controller.abort();
      }, 20);
      await expect(aborted).rejects.toMatchObject({ code: "ABORTED" });
      const after = [];
      for (let round = 0; round < 2; round++)
        after.push(numbers(await workspace.execute([read(a), read(y, "y")])));
      expect(-Math.min(after[0]!["x"]![0]!, after[0]!["y"]![0]!)).toBeLessThan(total);
      expect(after[1]).toEqual(after[0]);
    });
  });

  describe("a session", () => {
    test("is disposed behind the calls that use it", async () => {
      const { session, workspace } = await prepare();
      const [a, b, y] = regions as [Region, Region, Region];
      const steps = Array.from({ length: 6 }, () => [subtract(session, a, b, y), subtract(session, y, b, a)]);
      const executed = workspace.execute([write(a, 20), write(b, 1), ...steps.flat(), read(a)]);
      const ran = session.run({ a: Tensor.zeros([size]), b: Tensor.zeros([size]) });
      const disposed = session.dispose();
      await expect(workspace.execute(steps[0]!)).rejects.toMatchObject({ code: "DISPOSED" });
      await expect(session.run({ a: Tensor.zeros([size]), b: Tensor.zeros([size]) })).rejects.toMatchObject({
        code: "DISPOSED",
      });
      expect((await executed)["x"]!.data[0]).toBe(8);
      expect((await ran)["y"]!.data[0]).toBe(0);
      await disposed;
      await session.dispose();
    });

    test("reads the tensors of a call before the caller can change them", async () => {
      const { session } = await prepare();
      const [a, b] = [Tensor.from(Float32Array.of(1, 2, 3, 4), [size]), Tensor.zeros([size])];
      const waiting = [session.run({ a, b }), session.run({ a, b })];
      a.data.fill(9);
      const results = await Promise.all(waiting);
      expect(results.map(({ y }) => [...y!.data])).toEqual([
        [1, 2, 3, 4],
        [1, 2, 3, 4],
      ]);
    });

    test("does not run a waiting call that is aborted", async () => {
      const { session, workspace, runtime } = await prepare();
      const sum = await runtime.createSession(running());
      const state = await runtime.createState({ total: one(0) });
      const controller = new AbortController();
      const first = workspace.execute(long(session));
      const second = sum.run({ x: one(1) }, { state, signal: controller.signal });
      controller.abort();
      await expect(second).rejects.toMatchObject({ code: "ABORTED" });
      await first;
      await sum.run({ x: one(10) }, { state });
      expect((await state.read())["total"]!.data[0]).toBe(10);
    });
  });

  describe("a state", () => {
    test("goes from run to run in order, is read between them, and disposed behind them", async () => {
      const session = await start().createSession(running());
      const state = await runtime!.createState({ total: one(0) });
      const runs = [1, 10].map((x) => session.run({ x: one(x) }, { state }));
      const between = state.read();
      runs.push(session.run({ x: one(100) }, { state }));
      const end = state.read();
      const disposed = state.dispose();
      await expect(state.read()).rejects.toMatchObject({ code: "DISPOSED" });
      await expect(session.run({ x: one(1) }, { state })).rejects.toMatchObject({ code: "DISPOSED" });
      expect([await between, await end].map(({ total }) => total!.data[0])).toEqual([11, 111]);
      await Promise.all([...runs, disposed]);
      await state.dispose();
    });

    test("shares no memory with what it was made of, nor with what is read", async () => {
      const session = await start().createSession(running());
      const total = one(1);
      const state = await runtime!.createState({ total });
      total.data[0] = 50;
      (await state.read())["total"]!.data[0] = 50;
      await session.run({ x: one(1) }, { state });
      expect((await state.read())["total"]!.data[0]).toBe(2);
    });
  });

  test("models with weights of their own are made and run side by side", async () => {
    const factors = [2, 3, 5, 7];
    const runtimes = factors.map(() => createRuntime[name]());
    try {
      const results = await Promise.all(
        factors.map(async (factor, index) => {
          const session = await runtimes[index]!.createSession(scaled(factor));
          return session.run({ x: one(1) });
        }),
      );
      expect(results.map(({ y }) => y!.data[0])).toEqual(factors);
    } finally {
      await Promise.all(runtimes.map((each) => each.dispose()));
    }
  });
});
