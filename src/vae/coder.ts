/** Sends pictures through one half of the model: at once, or in strips that give the same result. */
import type { Graph } from "../graph/index.ts";
import type { InputSize } from "../models/index.ts";
import {
  chooseTile,
  isProcessor,
  rewrittenFor,
  secondsOfGraph,
  secondsOfProgram,
  type CostProfile,
} from "../planner/index.ts";
import { SessionCache, type Runtime, type Session } from "../runtime/index.ts";
import {
  compileStrips,
  defaultStripElements,
  estimateGraph,
  fitToBudget,
  StripExecutor,
  type FittedProgram,
} from "../strips/index.ts";
import { sizeOf } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { joinBatch, splitBatch } from "./batch.ts";
import type { Machine } from "./machine.ts";
import type { CodingOptions, CodingPlan, Half } from "./options.ts";

type Planes = Tensor<"float32">;

/** Input sizes whose sessions stay ready: the four kinds of tiles (full, right, bottom, corner), for each half. */
const cachedSessions = 8;
/** Sizes whose strips stay ready: one for each half. */
const cachedPrograms = 2;
/** At once takes several times the memory of strips; it must take less than this share of their time. */
const worthItsMemory = 0.9;
const cachedPlans = 32;
/** Share of the free memory that `auto` takes: the system and other programs keep the rest. */
const usableShare = 0.8;
/** What the runtime's thread holds when it has loaded ONNX Runtime. */
const loadedThreadBytes = 40e6;
/** What graphics drivers allow a buffer to have, at least where there is a graphics processor for this. */
const graphicsBufferBytes = 2 ** 30;

export interface CoderParts {
  readonly runtime: Runtime;
  readonly machine: Machine;
  readonly graphOf: (half: Half, size: InputSize) => Graph;
  /** Pixels that one latent covers along each side. */
  readonly spatialFactor: number;
}

interface Whole {
  readonly plan: CodingPlan;
  readonly graph: Graph;
}

interface Strips {
  readonly plan: CodingPlan;
  readonly fitted: FittedProgram;
}

/** A way to compute one input size. */
type Prepared = Whole | Strips;

export class Coder {
  readonly #parts: CoderParts;
  readonly #sessions = new SessionCache<Session>(cachedSessions);
  readonly #programs = new SessionCache<StripExecutor>(cachedPrograms);
  readonly #wholes = new Map<string, Whole>();
  /** In strips of the usual height, without a temporary file. */
  readonly #unlimitedStrips = new Map<string, Strips>();
  #profile: CostProfile | undefined;
  readonly #bytesAtOpening: number;
  #bytesBefore: number | undefined;

  constructor(parts: CoderParts) {
    this.#parts = parts;
    this.#bytesAtOpening = parts.machine.processBytes() ?? 0;
    // While the caller gets its pictures, and beside the first plan.
    parts.runtime.warmUp?.();
  }

  /** The plan that `code` would follow now. */
  async plan(half: Half, size: InputSize, options: CodingOptions): Promise<CodingPlan> {
    return (await this.#prepare(half, size, options)).plan;
  }

  /** x [N, C, H, W] → what the half makes of it. */
  async code(half: Half, x: Planes, options: CodingOptions): Promise<Planes> {
    const [batch, , height, width] = x.shape as [number, number, number, number];
    const prepared = await this.#prepare(half, { batch, height, width }, options);
    options.onPlan?.(prepared.plan);
    if ("graph" in prepared) return this.#atOnce(prepared.graph, x, options);
    const results: Planes[] = [];
    for (const picture of splitBatch(x))
      results.push(await this.#inStrips(prepared.fitted, picture, options));
    return joinBatch(results);
  }

  async dispose(): Promise<void> {
    await this.#sessions.dispose();
    await this.#programs.dispose();
  }

  async #prepare(half: Half, size: InputSize, options: CodingOptions): Promise<Prepared> {
    const profile = (this.#profile ??= await this.#parts.machine.costProfile(this.#parts.runtime));
    const { tiling = "auto" } = options;
    const budget = this.#budget(options);
    if (tiling === "exact") return this.#strips(half, size, budget, profile);
    const whole = this.#whole(half, size, profile);
    // diffusers' tiles go through at once.
    if (tiling !== "auto") return whole;
    if (whole.plan.peakBytes > budget || !this.#fitsBuffers(whole.graph)) {
      return this.#strips(half, size, budget, profile);
    }
    // Strips pay where they stay in the processor's cache.
    if (!isProcessor(profile)) return whole;
    const strips = this.#strips(half, size, Infinity, profile);
    const isWorthIt = whole.plan.seconds < worthItsMemory * strips.plan.seconds;
    return isWorthIt || strips.plan.peakBytes > budget ? whole : strips;
  }

  #whole(half: Half, size: InputSize, profile: CostProfile): Whole {
    const key = keyOf(half, size);
    const known = this.#wholes.get(key);
    if (known !== undefined) return known;
    const graph = rewrittenFor(this.#parts.graphOf(half, size), profile);
    const peakBytes = Math.ceil(estimateGraph(graph, this.#processBytes()).peakBytes);
    const seconds = secondsOfGraph(graph, profile);
    const plan = { half, size, tiling: "off", peakBytes, fileBytes: 0, seconds, stripCount: 1 } as const;
    const whole = { plan, graph };
    remember(this.#wholes, key, whole);
    return whole;
  }

  #strips(half: Half, size: InputSize, budget: number, profile: CostProfile): Strips {
    const key = keyOf(half, size);
    const known = this.#unlimitedStrips.get(key);
    if (known !== undefined && known.plan.peakBytes <= budget) return known;
    const strips = this.#fitStrips(half, size, budget, profile);
    if (strips.fitted.spilledMaps === 0 && strips.fitted.stripElements === defaultStripElements) {
      remember(this.#unlimitedStrips, key, strips);
    }
    return strips;
  }

  #fitStrips(half: Half, size: InputSize, budget: number, profile: CostProfile): Strips {
    const { graphOf, machine, spatialFactor } = this.#parts;
    const graph = graphOf(half, { ...size, batch: 1 });
    const [verb, factor] = half === "encoder" ? ["encoding", 1] : ["decoding", spatialFactor];
    const fitted = fitToBudget(
      (elements) => compileStrips(graph, { stripElements: elements, chooseTile: chooseTile(profile) }),
      {
        ...this.#processBytes(),
        maxMemoryBytes: budget,
        canSpill: machine.hasFiles,
        stripElements: defaultStripElements,
        what: `${verb} ${size.height * factor}x${size.width * factor}`,
      },
    );
    const { estimate, program } = fitted;
    let seconds: number | undefined;
    const plan: CodingPlan = {
      half,
      size,
      tiling: "exact",
      peakBytes: Math.ceil(estimate.peakBytes),
      fileBytes: estimate.fileBytes,
      // Takes a while to count, and `exact` does not ask.
      get seconds() {
        return (seconds ??= size.batch * secondsOfProgram(program, profile));
      },
      stripCount: Math.max(...program.maps.map((strips) => strips.length)),
    };
    return { plan, fitted };
  }

  #budget({ maxMemoryBytes }: CodingOptions): number {
    if (maxMemoryBytes !== undefined) return maxMemoryBytes;
    const { processBytes, availableBytes } = this.#parts.machine;
    const available = availableBytes();
    return available === undefined ? Infinity : (processBytes() ?? 0) + usableShare * available;
  }

  /** As the first plan found it: what a run leaves behind is used again by the next one. */
  #processBytes(): { processBytes?: number } {
    this.#bytesBefore ??= this.#parts.machine.processBytes();
    if (this.#bytesBefore === undefined) return {};
    // The thread counts as the runtime's, whether it has loaded by now or not.
    return { processBytes: Math.max(this.#bytesAtOpening, this.#bytesBefore - loadedThreadBytes) };
  }

  #fitsBuffers(graph: Graph): boolean {
    const { device } = this.#parts.runtime;
    if (device === undefined || device === "cpu") return true;
    return graph.nodes.every(({ output }) => sizeOf(output.shape) * 4 <= graphicsBufferBytes);
  }

  async #atOnce(graph: Graph, x: Planes, { signal }: CodingOptions): Promise<Planes> {
    const [input, output] = [graph.inputs[0]!.name, graph.outputs[0]!.name];
    const create = (): Promise<Session> => this.#parts.runtime.createSession(graph);
    const results = await this.#sessions.use(`${graph.name} ${x.shape.join("x")}`, create, (session) =>
      session.run({ [input]: x }, signal === undefined ? {} : { signal }),
    );
    return results[output] as Planes;
  }

  #inStrips(fitted: FittedProgram, x: Planes, options: CodingOptions): Promise<Planes> {
    const { program, allocation } = fitted;
    const key = `${program.name} ${x.shape.join("x")} ${fitted.stripElements} ${fitted.spilledMaps}`;
    const create = (): Promise<StripExecutor> =>
      Promise.resolve(new StripExecutor(this.#parts.runtime, program, allocation));
    return this.#programs.use(key, create, (executor) =>
      executor.run(x, {
        ...(options.temporaryFolder === undefined ? {} : { temporaryFolder: options.temporaryFolder }),
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      }),
    );
  }
}

/** Adds to a cache of plans, which starts anew when it is full: a plan takes milliseconds. */
function remember<T>(cache: Map<string, T>, key: string, value: T): void {
  if (cache.size >= cachedPlans) cache.clear();
  cache.set(key, value);
}

const keyOf = (half: Half, { batch, height, width }: InputSize): string =>
  `${half} ${batch}x${height}x${width}`;
