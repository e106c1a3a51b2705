/** Fits a program into a budget of memory: as it is, else with maps in the temporary file, else in smaller strips. */
import { tooLittleMemory, type Estimate, type EstimateOptions } from "../memory/index.ts";
import { sizeOf } from "../tensor/shape.ts";
import { allocate, type Allocation } from "./allocate.ts";
import { estimateProgram } from "./estimate.ts";
import type { StripProgram, TensorId } from "./program.ts";
import { liveElements, Residence, type Interval, type Reload } from "./residence.ts";
import { spill } from "./spill.ts";

export interface FitOptions extends EstimateOptions {
  /** What the process may hold at its peak; no limit by default. */
  readonly maxMemoryBytes?: number;
  /** Whether there is a temporary file. */
  readonly canSpill: boolean;
  /** Elements of a strip where memory is no matter. */
  readonly stripElements: number;
  /** For the message: "decoding 4096x4096". */
  readonly what: string;
}

export interface FittedProgram {
  readonly program: StripProgram;
  readonly allocation: Allocation;
  readonly estimate: Estimate;
  /** Elements of a strip. */
  readonly stripElements: number;
  /** Maps that go through the temporary file. */
  readonly spilledMaps: number;
}

/** Where making strips smaller ends, if they do not have their least height before. */
const leastStripElements = 2 ** 12;

/**
 * @param compile gives the program in strips of about so many elements.
 * @throws INVALID_ARGUMENT when the budget is too small for every way, with the smallest that works.
 */
export function fitToBudget(
  compile: (stripElements: number) => StripProgram,
  options: FitOptions,
): FittedProgram {
  const { maxMemoryBytes = Infinity } = options;
  let smallest = Infinity;
  let operationsBefore = 0;
  for (let stripElements = options.stripElements; stripElements >= leastStripElements; stripElements /= 4) {
    const program = compile(stripElements);
    // Hardly more strips than before: they have their least height already.
    if (program.operations.length < 1.05 * operationsBefore) break;
    operationsBefore = program.operations.length;
    const resident = residentProgram(program, options);
    const isEnough = resident.estimate.peakBytes <= maxMemoryBytes || !options.canSpill;
    const fitted = isEnough ? resident : new Spiller(program, options).fit(resident, maxMemoryBytes);
    if (fitted.estimate.peakBytes <= maxMemoryBytes) return { ...fitted, stripElements };
    smallest = Math.min(smallest, fitted.estimate.peakBytes);
  }
  throw tooLittleMemory({ what: options.what, allowedBytes: maxMemoryBytes, leastBytes: smallest });
}

const bytesPerElement = 4;

type Fitted = Omit<FittedProgram, "stripElements">;

/** With everything in memory. */
function residentProgram(program: StripProgram, options: FitOptions): Fitted {
  const allocation = allocate(program);
  return { program, allocation, estimate: estimateProgram(program, allocation, options), spilledMaps: 0 };
}

/** Sends maps to the file, one by one, the one that helps most at the peak first. */
class Spiller {
  readonly #program: StripProgram;
  readonly #options: FitOptions;
  readonly #residence: Residence;
  /** How each map comes back; undefined while it stays. */
  readonly #reloads: (Reload | undefined)[];
  /** Elements that are in memory during each operation. */
  readonly #live: Float64Array;

  constructor(program: StripProgram, options: FitOptions) {
    this.#program = program;
    this.#options = options;
    this.#residence = new Residence(program);
    this.#reloads = program.maps.map(() => undefined);
    this.#live = liveElements(program, this.#residence);
  }

  /** The first way that keeps to the budget, else the one with the least memory. */
  fit(resident: Fitted, maxMemoryBytes: number): Fitted {
    let fitted = resident;
    const { peakBytes, parts } = resident.estimate;
    while (fitted.estimate.peakBytes > maxMemoryBytes) {
      // What is live at once is a lower bound of the arena, and cheaper to know.
      do if (!this.#spillOne()) return this.#fitted();
      while (peakBytes - parts.arena + this.#mostLive() * bytesPerElement > maxMemoryBytes);
      fitted = this.#fitted();
    }
    return fitted;
  }

  #mostLive(): number {
    return this.#live.reduce((most, elements) => Math.max(most, elements), 0);
  }

  #fitted(): Fitted {
    const spilledMaps = this.#reloads.filter((reload) => reload !== undefined).length;
    const program = spill(this.#program, (map) => this.#reloads[map]);
    const allocation = allocate(program);
    return {
      program,
      allocation,
      estimate: estimateProgram(program, allocation, this.#options),
      spilledMaps,
    };
  }

  /** @returns false when nothing makes the peak smaller. */
  #spillOne(): boolean {
    const peak = this.#live.reduce(
      (best, elements, index) => (elements > this.#live[best]! ? index : best),
      0,
    );
    let best: { map: number; reload: Reload; gain: number } | undefined;
    this.#reloads.forEach((known, map) => {
      const reload = nextOf(known);
      if (reload === undefined) return;
      const gain = this.#elementsAt(map, known, peak) - this.#elementsAt(map, reload, peak);
      if (gain > (best?.gain ?? 0)) best = { map, reload, gain };
    });
    if (best === undefined) return false;
    const { map, reload } = best;
    for (const tensor of this.#program.maps[map]!) {
      this.#addLive(tensor, this.#residence.of(tensor, this.#reloads[map]), -1);
      this.#addLive(tensor, this.#residence.of(tensor, reload), 1);
    }
    this.#reloads[map] = reload;
    return true;
  }

  #elementsAt(map: number, reload: Reload | undefined, operation: number): number {
    return this.#program.maps[map]!.reduce((sum, tensor) => {
      const isIn = this.#residence
        .of(tensor, reload)
        .some(({ first, last }) => first <= operation && operation <= last);
      return sum + (isIn ? this.#sizeOf(tensor) : 0);
    }, 0);
  }

  #addLive(tensor: TensorId, intervals: readonly Interval[], sign: 1 | -1): void {
    const elements = sign * this.#sizeOf(tensor);
    for (const { first, last } of intervals) {
      for (let index = first; index <= last; index++) this.#live[index]! += elements;
    }
  }

  #sizeOf(tensor: TensorId): number {
    return sizeOf(this.#program.shapes[tensor]!);
  }
}

const nextOf = (reload: Reload | undefined): Reload | undefined =>
  reload === undefined ? "segment" : reload === "segment" ? "run" : undefined;
