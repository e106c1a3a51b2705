/**
 * The one decision for one half of a model and one input size, on one device: as a whole or in strips, within a budget of memory, by the
 * device's prices. Which algorithm each convolution takes follows from the same prices (cost/).
 */
import { chooseTile, secondsOfGraph, type CostProfile } from "../cost/index.ts";
import { VaekitError } from "../errors.ts";
import type { Graph } from "../graph/index.ts";
import { beyondEngine, estimateGraph, tooLittleMemory, type EstimateOptions } from "../memory/index.ts";
import type { Half, InputSize, ModelFacts } from "../models/index.ts";
import type { ConcreteDevice } from "../runtime/index.ts";
import { compileStrips, defaultStripElements, fitToBudget, type FittedProgram } from "../strips/index.ts";
import { bytesPerElement } from "../tensor/dtype.ts";
import { sizeOf } from "../tensor/shape.ts";
import type { CodingPlan, PlanOptions } from "./coding-plan.ts";
import { traitsOf, type DeviceTraits } from "./device-traits.ts";
import { rewrittenFor } from "./rewritten.ts";
import { secondsOfProgram } from "./strip-plan.ts";

/**
 * The whole takes more memory than strips, so it must take less than this share of their time, by a fifth where it takes twice the
 * memory or more. Prices that were not measured on this machine do not tell smaller differences apart.
 */
const worthItsMemory = { usual: 0.9, twiceTheMemory: 0.8 } as const;
const cachedDecisions = 32;
/** Share of the free memory that `auto` takes: the system and other programs keep the rest. */
const usableShare = 0.8;

/** What the platform says of memory and files. */
export interface Resources {
  /** Bytes that this process holds now; undefined where the platform does not say. */
  readonly processBytes: () => number | undefined;
  /** Bytes that it can have besides; undefined where the platform does not say. */
  readonly availableBytes: () => number | undefined;
  /** Whether there are temporary files. */
  readonly hasFiles: boolean;
}

export interface DecisionsParts {
  readonly machine: Resources;
  readonly graphOf: (half: Half, size: InputSize) => Graph;
  readonly facts: Pick<ModelFacts, "spatialFactor">;
  /** What the process held before the first plan; undefined where the platform does not say. */
  readonly processBytes: number | undefined;
  /** Where what is decided will run. */
  readonly device: ConcreteDevice;
  readonly profile: CostProfile;
  /** How large a buffer can be there, where the device says so. @default what is usual for such devices */
  readonly maxBufferBytes?: number | undefined;
  /** Whether graphs keep away from what makes them faster on this device alone. @default false */
  readonly isPlain?: boolean | undefined;
}

/** The graph as it runs as a whole. */
export interface Whole {
  readonly plan: CodingPlan;
  readonly graph: Graph;
}

/** The program of strips. */
export interface Strips {
  readonly plan: CodingPlan;
  readonly fitted: FittedProgram;
}

export type Decision = Whole | Strips;

/** The decisions for one model on one device. */
export class Decisions {
  readonly #parts: DecisionsParts;
  readonly #wholes = new Map<string, Whole>();
  /** In strips of the usual height, without a temporary file. */
  readonly #unlimitedStrips = new Map<string, Strips>();
  /** Why a half cannot be computed in strips at all. */
  readonly #unsupported = new Map<Half, VaekitError>();

  constructor(parts: DecisionsParts) {
    this.#parts = parts;
  }

  get device(): ConcreteDevice {
    return this.#parts.device;
  }

  /**
   * @throws UNSUPPORTED when strips are asked for and the model cannot be computed in strips; INVALID_ARGUMENT when the budget is too small
   *   for every way.
   */
  decide(half: Half, size: InputSize, options: PlanOptions): Decision {
    const { tiling } = options;
    const budget = this.#budget(options);
    if (tiling === "exact") return this.#strips(half, size, budget);
    const whole = this.#whole(half, size);
    if (tiling === "off") return this.#possible(whole);
    const { gainsByStrips } = traitsOf(this.#parts.profile.provider);
    const fits =
      whole.plan.peakBytes <= Math.min(budget, this.#mostBytes()) && this.#fitsBuffers(whole.graph);
    if (fits && !gainsByStrips) return whole;
    const strips = this.#stripsOrReason(half, size, fits ? Infinity : budget);
    if (strips instanceof VaekitError) return this.#onlyWhole(whole, budget, strips);
    if (!fits) return strips;
    return isWorthItsMemory(whole.plan, strips.plan) || strips.plan.peakBytes > budget ? whole : strips;
  }

  /** @throws UNSUPPORTED for what the engine cannot address. */
  #possible(whole: Whole): Whole {
    const { half, size, peakBytes: leastBytes } = whole.plan;
    const allowedBytes = this.#mostBytes();
    if (leastBytes <= allowedBytes) return whole;
    throw beyondEngine({ what: `${this.#what(half, size)} as a whole`, allowedBytes, leastBytes });
  }

  /** A buffer above what every driver allows is tried: some allow more. */
  #onlyWhole(whole: Whole, allowedBytes: number, { message }: VaekitError): Whole {
    const { half, size, peakBytes: leastBytes } = this.#possible(whole).plan;
    if (leastBytes <= allowedBytes) return whole;
    const what = `${this.#what(half, size)} as a whole`;
    const why = `This model cannot be computed in strips, which need less (${message.replace(/\.$/, "")}).`;
    throw tooLittleMemory({ what, allowedBytes, leastBytes, why });
  }

  /** The strips, or why there are none for this half. */
  #stripsOrReason(half: Half, size: InputSize, budget: number): Strips | VaekitError {
    const known = this.#unsupported.get(half);
    if (known !== undefined) return known;
    try {
      return this.#strips(half, size, budget);
    } catch (error) {
      if (!(error instanceof VaekitError) || error.code !== "UNSUPPORTED") throw error;
      this.#unsupported.set(half, error);
      return error;
    }
  }

  #whole(half: Half, size: InputSize): Whole {
    const key = keyOf(half, size);
    const known = this.#wholes.get(key);
    if (known !== undefined) return known;
    const { graphOf, device, profile, isPlain } = this.#parts;
    const graph = rewrittenFor(graphOf(half, size), profile, { isPlain });
    const peakBytes = Math.ceil(estimateGraph(graph, this.#estimateOptions()).peakBytes);
    const seconds = secondsOfGraph(graph, profile);
    const plan: CodingPlan = {
      half,
      size,
      device,
      tiling: "off",
      peakBytes,
      fileBytes: 0,
      seconds,
      threadCount: profile.threadCount,
      stripCount: 1,
    };
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
    const { graphOf, machine, device, profile } = this.#parts;
    const graph = graphOf(half, { ...size, batch: 1 });
    const fitted = fitToBudget(
      (elements) => compileStrips(graph, { stripElements: elements, chooseTile: chooseTile(profile) }),
      {
        ...this.#estimateOptions(),
        maxMemoryBytes: budget,
        canSpill: machine.hasFiles,
        stripElements: defaultStripElements,
        what: this.#what(half, size),
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
      threadCount: profile.threadCount,
      stripCount: Math.max(...program.maps.map((strips) => strips.length)),
    };
    return { plan, fitted };
  }

  /** "decoding 512x512": of the picture, whichever half works on it. */
  #what(half: Half, { height, width }: InputSize): string {
    const factor = half === "encoder" ? 1 : this.#parts.facts.spatialFactor;
    return `${half === "encoder" ? "encoding" : "decoding"} ${width * factor}x${height * factor}`;
  }

  #budget({ maxMemoryBytes }: PlanOptions): number {
    if (maxMemoryBytes !== undefined) return maxMemoryBytes;
    const { processBytes, availableBytes } = this.#parts.machine;
    const available = availableBytes();
    return available === undefined ? Infinity : (processBytes() ?? 0) + usableShare * available;
  }

  /** Of the process as a whole half is computed: strips lie outside of what the engine addresses. */
  #mostBytes(): number {
    const { memory, processBytes = memory.process } = this.#estimateOptions();
    return processBytes + memory.most;
  }

  #estimateOptions(): EstimateOptions & Pick<DeviceTraits, "memory"> {
    const { processBytes, profile } = this.#parts;
    const { memory } = traitsOf(profile.provider);
    return processBytes === undefined ? { memory } : { memory, processBytes };
  }

  #fitsBuffers(graph: Graph): boolean {
    const { profile, maxBufferBytes = traitsOf(profile.provider).maxBufferBytes } = this.#parts;
    return graph.nodes.every(
      ({ output: { dtype, shape } }) => sizeOf(shape) * bytesPerElement(dtype) <= maxBufferBytes,
    );
  }
}

function isWorthItsMemory(whole: CodingPlan, strips: CodingPlan): boolean {
  const { usual, twiceTheMemory } = worthItsMemory;
  const share = whole.peakBytes >= 2 * strips.peakBytes ? twiceTheMemory : usual;
  return whole.seconds < share * strips.seconds;
}

/** Adds to a cache of plans, which starts anew when it is full: a plan takes milliseconds. */
function remember<T>(cache: Map<string, T>, key: string, value: T): void {
  if (cache.size >= cachedDecisions) cache.clear();
  cache.set(key, value);
}

const keyOf = (half: Half, { batch, height, width }: InputSize): string =>
  `${half} ${batch}x${height}x${width}`;
