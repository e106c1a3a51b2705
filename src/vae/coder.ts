/** Sends pictures through one half of the model: as a whole, or in strips that give the same result. */
import type { Graph } from "../graph/index.ts";
import type { InputSize } from "../models/index.ts";
import type * as Planning from "../plan/index.ts";
import type { Decision, Decisions, DecisionsParts } from "../plan/index.ts";
import { throwIfAborted } from "../errors.ts";
import {
  DisposableCache,
  Turns,
  untilAborted,
  type ConcreteDevice,
  type Runtime,
  type Session,
} from "../runtime/index.ts";
import type { FittedProgram, StripExecutor } from "../strips/index.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { joinBatch, splitBatch } from "./batch.ts";
import type { Machine } from "./machine.ts";
import type { CodingOptions, CodingPlan, Half } from "./options.ts";

type Planes = Tensor<"float32">;

/** Input sizes whose sessions stay ready: the four kinds of tiles (full, right, bottom, corner), for each half. */
const cachedSessions = 8;
/** Sizes whose strips stay ready: one for each half. */
const cachedPrograms = 2;

/** What decides how to compute, loaded when a model first computes; whoever knows that one will may ask for it before. */
export const loadPlanning = (): Promise<typeof Planning> => import("../plan/index.ts");

/** What the runtime's thread holds when it has loaded ONNX Runtime. */
const loadedThreadBytes = 40e6;

export interface CoderParts extends Pick<DecisionsParts, "graphOf" | "facts"> {
  readonly runtime: Runtime;
  readonly machine: Machine;
}

export class Coder {
  readonly #parts: CoderParts;
  readonly #sessions = new DisposableCache<Session>(cachedSessions);
  readonly #programs = new DisposableCache<StripExecutor>(cachedPrograms);
  /** No session is disposed of between being found and its run, and no two runs hold their working memory together. */
  readonly #turns = new Turns();
  /** For the device that the runtime resolves to. */
  #decisions: Decisions | undefined;
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
    return decide(await this.#decisionsHere(), half, size, options).plan;
  }

  /** x [N, C, H, W], or rows [N, C] → what the half makes of it. */
  async code(half: Half, x: Planes, options: CodingOptions): Promise<Planes> {
    const [batch, , height = 1, width = 1] = x.shape as [number, number, number?, number?];
    const tried = new Set<ConcreteDevice>();
    for (let decisions = await this.#decisionsHere(); ;) {
      tried.add(decisions.device);
      const decision = decide(decisions, half, { batch, height, width }, options);
      options.onPlan?.(decision.plan);
      try {
        return await this.#follow(decision, x, options);
      } catch (error) {
        // Where not even a first session can be made, the runtime goes on to another device, for which there is another plan.
        decisions = await this.#decisionsHere();
        if (tried.has(decisions.device)) throw error;
      }
    }
  }

  async dispose(): Promise<void> {
    await this.#sessions.dispose();
    await this.#programs.dispose();
  }

  async #decisionsHere(): Promise<Decisions> {
    const { runtime, machine } = this.#parts;
    const device = await runtime.resolve();
    if (this.#decisions?.device === device) return this.#decisions;
    const { Decisions, providerOf } = await loadPlanning();
    const profile = await machine.costProfile(providerOf(runtime, device));
    // Whoever was first: what it decided is known already.
    if (this.#decisions?.device === device) return this.#decisions;
    return (this.#decisions = new Decisions({
      ...this.#parts,
      processBytes: this.#processBytes(),
      device,
      profile,
      maxBufferBytes: runtime.maxBufferBytes,
      isPlain: runtime.isPlain,
    }));
  }

  /** As the first plan found it: what a run leaves behind is used again by the next one. */
  #processBytes(): number | undefined {
    this.#bytesBefore ??= this.#parts.machine.processBytes();
    if (this.#bytesBefore === undefined) return undefined;
    // The thread counts as the runtime's, whether it has loaded by now or not.
    return Math.max(this.#bytesAtOpening, this.#bytesBefore - loadedThreadBytes);
  }

  async #follow(decision: Decision, x: Planes, options: CodingOptions): Promise<Planes> {
    const { device } = decision.plan;
    if ("graph" in decision) return this.#asWhole(decision.graph, device, x, options);
    const results: Planes[] = [];
    for (const picture of splitBatch(x)) {
      results.push(await this.#inStrips(decision.fitted, device, picture, options));
    }
    return joinBatch(results);
  }

  async #asWhole(
    graph: Graph,
    device: ConcreteDevice,
    x: Planes,
    { signal }: CodingOptions,
  ): Promise<Planes> {
    const [input, output] = [graph.inputs[0]!.name, graph.outputs[0]!.name];
    const create = (): Promise<Session> => this.#parts.runtime.createSession(graph, { device });
    const key = `${device} ${graph.name} ${x.shape.join("x")}`;
    const results = await this.#inTurn(signal, async () => {
      const session = await this.#sessions.get(key, create);
      return session.run({ [input]: x }, signal === undefined ? {} : { signal });
    });
    return results[output] as Planes;
  }

  #inStrips(
    fitted: FittedProgram,
    device: ConcreteDevice,
    x: Planes,
    options: CodingOptions,
  ): Promise<Planes> {
    const { program, allocation, stripElements, spilledMaps } = fitted;
    const key = `${device} ${program.name} ${x.shape.join("x")} ${stripElements} ${spilledMaps}`;
    const create = async (): Promise<StripExecutor> => {
      const { StripExecutor } = await import("../strips/index.ts");
      return new StripExecutor(this.#parts.runtime, program, allocation, device);
    };
    return this.#inTurn(options.signal, async () => {
      const executor = await this.#programs.get(key, create);
      return executor.run(x, {
        ...(options.temporaryFolder === undefined ? {} : { temporaryFolder: options.temporaryFolder }),
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      });
    });
  }

  /** A call that is aborted while it waits for those before it ends at once, and is not begun. */
  async #inTurn<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    let begin: (() => void) | undefined;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const done = this.#turns.take(async () => {
      begin?.();
      throwIfAborted(signal);
      return work();
    });
    // Its failure is heard below, unless nobody waits any longer.
    done.catch(() => undefined);
    await untilAborted(begun, signal);
    return done;
  }
}

/** diffusers' tiles go through as wholes, each by itself. */
function decide(
  decisions: Decisions,
  half: Half,
  size: InputSize,
  { tiling = "auto", maxMemoryBytes }: CodingOptions,
): Decision {
  return decisions.decide(half, size, { tiling: tiling === "diffusers" ? "off" : tiling, maxMemoryBytes });
}
