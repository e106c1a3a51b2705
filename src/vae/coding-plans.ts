/** Which way pictures of each size go on one device: at once or in strips, by the device's prices and the free memory. */
import type { Graph } from "../graph/index.ts";
import type { InputSize } from "../models/index.ts";
import {
  chooseTile,
  isProcessor,
  rewrittenFor,
  secondsOfGraph,
  secondsOfProgram,
  type CostProfile,
} from "../cost/index.ts";
import { estimateGraph } from "../memory/index.ts";
import type { ConcreteDevice } from "../runtime/index.ts";
import { compileStrips, defaultStripElements, fitToBudget, type FittedProgram } from "../strips/index.ts";
import { sizeOf } from "../tensor/shape.ts";
import type { Machine } from "./machine.ts";
import type { CodingOptions, CodingPlan, Half } from "./options.ts";

/** At once takes several times the memory of strips; it must take less than this share of their time. */
const worthItsMemory = 0.9;
const cachedPlans = 32;
/** Share of the free memory that `auto` takes: the system and other programs keep the rest. */
const usableShare = 0.8;
/** What graphics drivers allow a buffer to have, at least where there is a graphics processor for this. */
const graphicsBufferBytes = 2 ** 30;

export interface CodingPlansParts {
  readonly machine: Machine;
  readonly graphOf: (half: Half, size: InputSize) => Graph;
  /** Pixels that one latent covers along each side. */
  readonly spatialFactor: number;
  /** What the process held before the first plan; undefined where the platform does not say. */
  readonly processBytes: number | undefined;
  /** Where the plans will be followed. */
  readonly device: ConcreteDevice;
  readonly profile: CostProfile;
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
export type Prepared = Whole | Strips;

export class CodingPlans {
  readonly #parts: CodingPlansParts;
  readonly #wholes = new Map<string, Whole>();
  /** In strips of the usual height, without a temporary file. */
  readonly #unlimitedStrips = new Map<string, Strips>();

  constructor(parts: CodingPlansParts) {
    this.#parts = parts;
  }

  get device(): ConcreteDevice {
    return this.#parts.device;
  }

  prepare(half: Half, size: InputSize, options: CodingOptions): Prepared {
    const { tiling = "auto" } = options;
    const budget = this.#budget(options);
    if (tiling === "exact") return this.#strips(half, size, budget);
    const whole = this.#whole(half, size);
    // diffusers' tiles go through at once.
    if (tiling !== "auto") return whole;
    if (whole.plan.peakBytes > budget || !this.#fitsBuffers(whole.graph)) {
      return this.#strips(half, size, budget);
    }
    // Strips pay where they stay in the processor's cache.
    if (!isProcessor(this.#parts.profile)) return whole;
    const strips = this.#strips(half, size, Infinity);
    const isWorthIt = whole.plan.seconds < worthItsMemory * strips.plan.seconds;
    return isWorthIt || strips.plan.peakBytes > budget ? whole : strips;
  }

  #whole(half: Half, size: InputSize): Whole {
    const key = keyOf(half, size);
    const known = this.#wholes.get(key);
    if (known !== undefined) return known;
    const { graphOf, device, profile } = this.#parts;
    const graph = rewrittenFor(graphOf(half, size), profile);
    const peakBytes = Math.ceil(estimateGraph(graph, this.#processBytes()).peakBytes);
    const seconds = secondsOfGraph(graph, profile);
    const plan = {
      half,
      size,
      device,
      tiling: "off",
      peakBytes,
      fileBytes: 0,
      seconds,
      stripCount: 1,
    } as const;
    const whole = { plan, graph };
    remember(this.#wholes, key, whole);
    return whole;
  }

  #strips(half: Half, size: InputSize, budget: number): Strips {
    const key = keyOf(half, size);
    const known = this.#unlimitedStrips.get(key);
    if (known !== undefined && known.plan.peakBytes <= budget) return known;
    const strips = this.#fitStrips(half, size, budget);
    if (strips.fitted.spilledMaps === 0 && strips.fitted.stripElements === defaultStripElements) {
      remember(this.#unlimitedStrips, key, strips);
    }
    return strips;
  }

  #fitStrips(half: Half, size: InputSize, budget: number): Strips {
    const { graphOf, machine, spatialFactor, device, profile } = this.#parts;
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
      device,
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

  #processBytes(): { processBytes?: number } {
    const { processBytes } = this.#parts;
    return processBytes === undefined ? {} : { processBytes };
  }

  #fitsBuffers(graph: Graph): boolean {
    if (isProcessor(this.#parts.profile)) return true;
    return graph.nodes.every(({ output }) => sizeOf(output.shape) * 4 <= graphicsBufferBytes);
  }
}

/** Adds to a cache of plans, which starts anew when it is full: a plan takes milliseconds. */
function remember<T>(cache: Map<string, T>, key: string, value: T): void {
  if (cache.size >= cachedPlans) cache.clear();
  cache.set(key, value);
}

const keyOf = (half: Half, { batch, height, width }: InputSize): string =>
  `${half} ${batch}x${height}x${width}`;
