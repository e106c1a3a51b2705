/** Measures a machine through a runtime: small convolutions by every algorithm, a few seconds in all. */
import {
  costParts,
  secondsOf,
  withBlocks,
  workOf,
  type Algorithm,
  type AlgorithmCost,
  type ConvolutionShape,
  type CostProfile,
} from "../cost/index.ts";
import { throwIfAborted } from "../errors.ts";
import { GraphBuilder, type Graph } from "../graph/index.ts";
import { rewrite, winograd } from "../rewrite/index.ts";
import type { Region, Runtime, Session, Workspace, WorkspaceStep } from "../runtime/index.ts";
import { hoistWeights } from "../strips/hoist-weights.ts";
import { sizeOf, type Shape } from "../tensor/shape.ts";
import { storeInMemory } from "../tensor/stored-tensor.ts";
import { Tensor } from "../tensor/tensor.ts";
import { providerOf } from "./device-traits.ts";

export interface MeasureOptions {
  /** The threads that the runtime has, for the record. */
  readonly threadCount: number;
  /** What is measured. @default {@link probeShapes} */
  readonly shapes?: readonly ConvolutionShape[];
  /** How often each graph runs; the fastest run counts, because other work of the machine only makes runs slower. @default 10 */
  readonly rounds?: number;
  /** Called with the number of measurements done, of all. */
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** One convolution by one algorithm, as it was measured. */
export interface Measurement {
  /** The convolution. */
  readonly shape: ConvolutionShape;
  /** How it was computed. */
  readonly algorithm: Algorithm;
  /** The fastest of its runs. */
  readonly seconds: number;
  /** What the profile says. */
  readonly predictedSeconds: number;
}

export interface MeasuredProfile {
  readonly profile: CostProfile;
  readonly measurements: readonly Measurement[];
}

const probe = (inChannels: number, outChannels: number, height: number, width: number): ConvolutionShape => ({
  batch: 1,
  inChannels,
  outChannels,
  height,
  width,
  taps: 9,
});

/** Strips of decoders of usual sizes, and two larger pieces; heights and widths that all tiles divide well. */
export const probeShapes: readonly ConvolutionShape[] = [
  probe(16, 16, 48, 384),
  probe(32, 64, 24, 384),
  probe(16, 128, 12, 384),
  probe(128, 16, 12, 384),
  probe(96, 96, 24, 192),
  probe(128, 128, 12, 384),
  probe(256, 256, 12, 192),
  probe(512, 512, 12, 96),
  // These leave the cache.
  probe(64, 64, 192, 384),
  probe(256, 256, 96, 192),
];

/** Tiles of 6 are not measured: they are not chosen either, for their rounding. */
const measuredTiles = [2, 4] as const;
const algorithms: readonly Algorithm[] = ["direct", ...measuredTiles];

/** Every graph is measured this often, a while apart: what disturbs the machine for a moment does not disturb both. */
const mostPasses = 2;

/** One graph, ready to be timed. */
interface Probe {
  readonly session: Session;
  readonly workspace: Workspace;
  readonly step: WorkspaceStep;
}

/**
 * @throws RUNTIME when the runtime cannot compute; ABORTED by the signal.
 */
export async function measureProfile(runtime: Runtime, options: MeasureOptions): Promise<MeasuredProfile> {
  const { shapes = probeShapes, rounds = 10, onProgress, signal } = options;
  const cases = shapes.flatMap((shape) => algorithms.map((algorithm) => ({ shape, algorithm })));
  const passes = Math.min(mostPasses, rounds);
  const total = passes * cases.length + 3;
  let done = 0;
  const time = async (graph: Graph): Promise<number> => {
    throwIfAborted(signal);
    const seconds = await timeGraph(runtime, graph, Math.ceil(rounds / passes));
    onProgress?.(++done, total);
    return seconds;
  };
  const fastest = cases.map(() => Infinity);
  for (let pass = 0; pass < passes; pass++) {
    for (const [index, { shape, algorithm }] of cases.entries()) {
      fastest[index] = Math.min(fastest[index]!, await time(convolutionGraph(shape, algorithm)));
    }
  }
  // Last: by now the system's allocator has settled, as it has in a program that computes pictures.
  const run = await time(elementwiseGraph([1, 1, 1, 16]));
  const elementPrice = async (shape: Shape): Promise<number> =>
    withoutRun(await time(elementwiseGraph(shape)), run) / elementwiseSize(shape);
  const element = await elementPrice([1, 64, 16, 512]);
  const farElement = await elementPrice([1, 64, 256, 512]);
  const timed = cases.map((each, index) => ({ ...each, seconds: withoutRun(fastest[index]!, run) }));
  const { fitCost } = await import("../cost/fit.ts");
  const costs = new Map<Algorithm, AlgorithmCost>();
  for (const algorithm of algorithms) {
    const own = timed.filter((each) => each.algorithm === algorithm);
    costs.set(
      algorithm,
      fitCost(own.map(({ shape, seconds }) => ({ work: workOf(shape, algorithm), seconds }))),
    );
  }
  const tiles = Object.fromEntries(measuredTiles.map((tile) => [tile, inModel(costs.get(tile)!)]));
  const profile: CostProfile = {
    provider: providerOf(runtime, await runtime.resolve()),
    threadCount: options.threadCount,
    run: significant(run * 1e12),
    element: significant(element * 1e12),
    farElement: significant((element + farShare * Math.max(0, farElement - element)) * 1e12),
    direct: inModel(costs.get("direct")!),
    tiles,
  };
  const measurements = timed.map(({ shape, algorithm, seconds }) => ({
    shape,
    algorithm,
    seconds,
    predictedSeconds: secondsOf(workOf(shape, algorithm), costs.get(algorithm)!),
  }));
  return { profile, measurements };
}

/** Short runs are not negative, however the clock rounds. */
const withoutRun = (seconds: number, run: number): number => Math.max(seconds - run, seconds / 10);

/**
 * How much of what distance costs a probe it costs a layer of a model: a probe's run gives all memory back to the
 * system, between two layers most of it stays. From whole decoders beside their estimates.
 */
const farShare = 1 / 3;

/** Three digits: more would be noise. */
const significant = (value: number): number => Number(value.toPrecision(3));

const inModel = (cost: AlgorithmCost): AlgorithmCost => rounded({ ...cost, far: farShare * cost.far });

const rounded = (cost: AlgorithmCost): AlgorithmCost =>
  Object.assign({ ...cost }, Object.fromEntries(costParts.map((part) => [part, significant(cost[part])])));

/** The fastest of `rounds` runs, after one that does not count. */
async function timeGraph(runtime: Runtime, graph: Graph, rounds: number): Promise<number> {
  const probe = await prepare(runtime, graph);
  try {
    await probe.workspace.execute([probe.step]);
    let fastest = Infinity;
    for (let round = 0; round < rounds; round++) {
      const start = performance.now();
      await probe.workspace.execute([probe.step]);
      fastest = Math.min(fastest, performance.now() - start);
    }
    return fastest / 1000;
  } finally {
    await probe.workspace.dispose();
    await probe.session.dispose();
  }
}

async function prepare(runtime: Runtime, graph: Graph): Promise<Probe> {
  const session = await runtime.createSession(graph);
  let size = 0;
  const place = (values: Graph["inputs"]): Record<string, Region> =>
    Object.fromEntries(
      values.map(({ name, shape }) => {
        const offset = size;
        size += Math.ceil(sizeOf(shape) / 16) * 16;
        return [name, { offset, shape }];
      }),
    );
  const inputs = place(graph.inputs);
  const outputs = place(graph.outputs);
  const workspace = await runtime.createWorkspace({ size });
  const writes = Object.values(inputs).map((region): WorkspaceStep => ({
    kind: "write",
    region,
    data: ramp(sizeOf(region.shape)),
  }));
  await workspace.execute(writes);
  return { session, workspace, step: { kind: "run", session, inputs, outputs } };
}

/** Values about [-1, 1): what they are does not matter, except that none is denormal. */
function ramp(length: number): Float32Array<ArrayBuffer> {
  const values = new Float32Array(length);
  for (let index = 0; index < length; index++) values[index] = ((index * 37) % 512) / 256 - 1;
  return values;
}

/** A convolution as strips have it: its weights are an input, already transformed. */
export function convolutionGraph(shape: ConvolutionShape, algorithm: Algorithm): Graph {
  const { batch, inChannels, outChannels, height, width } = shape;
  const builder = new GraphBuilder("probe");
  const x = builder.input("x", "float32", [batch, inChannels, height, width]);
  const weight = builder.stored(storeInMemory("weight", Tensor.zeros([outChannels, inChannels, 3, 3])));
  const y = builder.apply("Conv", [x, weight], { strides: [1, 1], pads: [1, 1, 1, 1] });
  const graph = builder.build({ y });
  if (algorithm === "direct") return withBlocks(hoistWeights(graph).strip);
  const inTiles = rewrite(
    graph,
    winograd(() => algorithm),
  );
  return withBlocks(hoistWeights(inTiles).strip);
}

/** x · sigmoid(x) + x */
function elementwiseGraph(shape: Shape): Graph {
  const builder = new GraphBuilder("probe");
  const x = builder.input("x", "float32", shape);
  const gate = builder.apply("Sigmoid", [x], {});
  const scaled = builder.apply("Mul", [x, gate], {});
  return builder.build({ y: builder.apply("Add", [scaled, x], {}) });
}

/** Elements that its three operators make. */
const elementwiseSize = (shape: Shape): number => 3 * sizeOf(shape);
