/** What a measurement concludes from times: a stand-in machine takes exactly as long as known prices say. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  secondsOf,
  workOf,
  type Algorithm,
  type AlgorithmCost,
  type ConvolutionShape,
} from "../../src/cost/index.ts";
import type { Graph } from "../../src/graph/index.ts";
import { measureProfile } from "../../src/plan/index.ts";
import { probeShapes } from "../../src/plan/measure.ts";
import type { Workspace, WorkspaceStep } from "../../src/runtime/index.ts";
import { sizeOf } from "../../src/tensor/shape.ts";
import { StandInRuntime } from "../stand-in-runtime.ts";

const algorithms: readonly Algorithm[] = ["direct", 2, 4];
const cases = probeShapes.flatMap((shape) => algorithms.map((algorithm) => ({ shape, algorithm })));

/** The machine's prices, in picoseconds. */
const runPrice = 2e7;
const elementPrice = 100;
const farElementPrice = 400;
const costs: Readonly<Record<Algorithm, AlgorithmCost>> = {
  direct: { flop: 20, input: 60, output: 90, weight: 40, far: 120 },
  2: { flop: 22, input: 150, output: 160, weight: 50, far: 180 },
  4: { flop: 24, input: 170, output: 190, weight: 70, far: 210 },
  6: { flop: 1, input: 1, output: 1, weight: 1, far: 1 },
};

const convolutionSeconds = (shape: ConvolutionShape, algorithm: Algorithm): number =>
  secondsOf(workOf(shape, algorithm), costs[algorithm]);

/** Beside `runPrice`. Convolutions come in the order of the cases, and operators on elements after them. */
function secondsOfGraph({ nodes, inputs }: Graph, index: number): number {
  const isElementwise = nodes.every(({ operator }) => ["Sigmoid", "Mul", "Add"].includes(operator));
  if (!isElementwise) {
    const { shape, algorithm } = cases[index % cases.length]!;
    return convolutionSeconds(shape, algorithm);
  }
  const size = sizeOf(inputs[0]!.shape);
  if (size === 16) return 0;
  return (3 * size * (size === 64 * 16 * 512 ? elementPrice : farElementPrice)) / 1e12;
}

/** Makes the `nth` of all runs take longer. */
let slowDown: (nth: number) => number;
let nowMs: number;
beforeEach(() => {
  slowDown = () => 1;
  nowMs = 0;
  vi.spyOn(performance, "now").mockImplementation(() => nowMs);
});
afterEach(() => {
  vi.restoreAllMocks();
});

function standIn(): StandInRuntime {
  const indices = new Map<Graph, number>();
  let runs = 0;
  return new StandInRuntime({
    onCreate: (graph) => void indices.set(graph, indices.size),
    onRun: (graph) => {
      nowMs += 1000 * (runPrice / 1e12 + secondsOfGraph(graph, indices.get(graph)!)) * slowDown(runs++);
    },
  });
}

describe("a measurement", () => {
  test("finds the machine's prices, and a third of what distance costs", async () => {
    const { profile } = await measureProfile(standIn(), { threadCount: 3, rounds: 2 });
    expect(profile).toMatchObject({ provider: "cpu", threadCount: 3, run: 2e7, element: 100 });
    expect(profile.farElement).toBe(200);
    const found = { direct: profile.direct, 2: profile.tiles[2]!, 4: profile.tiles[4]! };
    for (const algorithm of ["direct", 2, 4] as const) {
      const { far, ...others } = costs[algorithm];
      // Three digits are kept.
      for (const [part, price] of Object.entries({ ...others, far: far / 3 })) {
        const relative = found[algorithm][part as keyof AlgorithmCost] / price - 1;
        expect(Math.abs(relative), `${algorithm} ${part}`).toBeLessThan(0.005);
      }
    }
    expect(profile.tiles[6]).toBeUndefined();
  });

  test("gives prices with three digits", async () => {
    const { profile } = await measureProfile(standIn(), { threadCount: 1, rounds: 2 });
    const { run, element, farElement, direct, tiles } = profile;
    const parts = [direct, tiles[2]!, tiles[4]!].flatMap((cost) => Object.values(cost) as number[]);
    const prices = [run, element, farElement, ...parts];
    expect(prices).toEqual(prices.map((price) => Number(price.toPrecision(3))));
  });

  test("says of each convolution how long it took, and what the prices say", async () => {
    const { measurements } = await measureProfile(standIn(), { threadCount: 1, rounds: 2 });
    expect(measurements.map(({ shape, algorithm }) => ({ shape, algorithm }))).toEqual(cases);
    for (const { shape, algorithm, seconds, predictedSeconds } of measurements) {
      const expected = convolutionSeconds(shape, algorithm);
      expect(seconds / expected).toBeCloseTo(1, 6);
      expect(predictedSeconds / expected).toBeCloseTo(1, 3);
    }
  });

  test("counts the fastest of the runs, and not the first of each graph", async () => {
    // Every graph runs twice for each of two passes: once unheard, once timed.
    slowDown = (nth) => (nth % 2 === 0 || nth < 2 * cases.length ? 50 : 1);
    const { measurements, profile } = await measureProfile(standIn(), { threadCount: 1, rounds: 2 });
    expect(profile.run).toBe(2e7);
    for (const { shape, algorithm, seconds } of measurements) {
      expect(seconds / convolutionSeconds(shape, algorithm)).toBeCloseTo(1, 6);
    }
  });

  test.each([
    [1, 15 + 3, 2],
    [2, 30 + 3, 2],
    [5, 30 + 3, 4],
  ])("of %i rounds tells of %i graphs, which run %i times each", async (rounds, total, runsOfEach) => {
    const runtime = standIn();
    const progress: number[][] = [];
    const onProgress = (...done: number[]): number => progress.push(done);
    // Five shapes, each by three algorithms.
    await measureProfile(runtime, { threadCount: 1, rounds, onProgress, shapes: probeShapes.slice(0, 5) });
    expect(progress).toEqual(Array.from({ length: total }, (_, i) => [i + 1, total]));
    expect(runtime.sessions.map(({ runs }) => runs)).toEqual(Array(total).fill(runsOfEach));
    expect([runtime.alive, runtime.workspacesAlive]).toEqual([[], 0]);
  });

  test("measures the shapes that it is given", async () => {
    const shapes = probeShapes.slice(0, 5);
    const runtime = standIn();
    const { measurements } = await measureProfile(runtime, { threadCount: 1, rounds: 1, shapes });
    expect(measurements.map(({ shape }) => shape)).toEqual(shapes.flatMap((shape) => [shape, shape, shape]));
  });

  test("computes with numbers that are neither zero nor denormal", async () => {
    const runtime = standIn();
    const create = runtime.createWorkspace.bind(runtime);
    const written: WorkspaceStep[] = [];
    runtime.createWorkspace = async (options): Promise<Workspace> => {
      const workspace = await create(options);
      return {
        execute: (steps, runOptions) => {
          written.push(...steps.filter(({ kind }) => kind === "write"));
          return workspace.execute(steps, runOptions);
        },
        dispose: () => workspace.dispose(),
      };
    };
    const shapes = probeShapes.slice(0, 5);
    await measureProfile(runtime, { threadCount: 1, rounds: 1, shapes });
    // Input and weights of fifteen convolutions, and three inputs of operators on elements.
    expect(written).toHaveLength(2 * 15 + 3);
    for (const step of written) {
      const data = (step as Extract<WorkspaceStep, { kind: "write" }>).data as Float32Array;
      // What they are repeats after 512.
      const sizes = [...data.subarray(0, 512)].map(Math.abs);
      expect(Math.max(...sizes)).toBeGreaterThan(0.1);
      expect(sizes.every((size) => size === 0 || size > 1e-3)).toBe(true);
      expect(sizes.filter((size) => size === 0).length / sizes.length).toBeLessThan(0.1);
    }
  });

  test("ends with the signal, and frees what it made", async () => {
    const runtime = standIn();
    const controller = new AbortController();
    const measuring = measureProfile(runtime, {
      threadCount: 1,
      signal: controller.signal,
      onProgress: (done) => {
        if (done === 3) controller.abort();
      },
    });
    await expect(measuring).rejects.toMatchObject({ code: "ABORTED" });
    expect(runtime.sessions).toHaveLength(3);
    expect([runtime.alive, runtime.workspacesAlive]).toEqual([[], 0]);
  });

  test("frees what it made when a run fails", async () => {
    const runtime = new StandInRuntime({ onRun: () => Promise.reject(new Error("no more memory")) });
    await expect(measureProfile(runtime, { threadCount: 1 })).rejects.toThrow("no more memory");
    expect([runtime.alive, runtime.workspacesAlive]).toEqual([[], 0]);
  });
});
