/** What stands between the views and vaekit: one model, one queue, how far its loading is and how long it takes. */
import { SvelteMap } from "svelte/reactivity";
import { failureOf, KnownFailure, type Failure } from "./failure.ts";
import { fetchEngineAhead } from "./fetch-ahead.ts";
import { RunningMedian } from "./median.ts";
import type { Model, ModelPlace } from "./open-model.ts";
import { Queue } from "./queue.ts";
import { sideWhileDragging, sizes, type Size } from "./sides.ts";
import { hasSimd } from "./simd.ts";

export type { Model, ModelPlace } from "./open-model.ts";

export type EngineStatus =
  | { readonly phase: "loading"; readonly progress: Progress }
  | { readonly phase: "starting" }
  | { readonly phase: "ready" }
  /** Another site's model, which is not asked for before the visitor says so. */
  | { readonly phase: "asking"; readonly host: string }
  | { readonly phase: "stopped" }
  | { readonly phase: "failed"; readonly failure: Failure };

/** Of the model's weights. */
export interface Progress {
  readonly loadedBytes: number;
  /** undefined where the server does not say. */
  readonly totalBytes: number | undefined;
  readonly bytesPerSecond: number;
}

const nothingLoaded: Progress = { loadedBytes: 0, totalBytes: undefined, bytesPerSecond: 0 };

export class Engine {
  status = $state.raw<EngineStatus>({ phase: "loading", progress: nothingLoaded });
  model = $state.raw<Model>();
  /** Where the model is from that was asked for last. */
  place = $state.raw<ModelPlace>();
  busy = $state(false);
  /** How long the last computation took. */
  lastMs = $state<number>();
  /** The side of pictures at rest. */
  size = $state<Size>(256);
  /** Whether somebody is moving a slider or a brush now. */
  dragging = $state(false);
  #opening: AbortController | undefined;
  /** Of the lanes whose last computation failed. */
  readonly #failures = new SvelteMap<object, Failure>();
  readonly #times = new Map<Size, RunningMedian>(sizes.map((size) => [size, new RunningMedian()]));
  readonly #queue = new Queue({
    busy: (busy) => (this.busy = busy),
    done: (milliseconds, isIdle) => {
      if (isIdle) return;
      this.lastMs = milliseconds;
      if (!this.dragging) this.#times.get(this.size)?.add(milliseconds);
    },
  });

  /** The side for what is computed now: while dragging, a smaller one where the whole one has proved too slow. */
  get liveSize(): Size {
    return this.dragging ? sideWhileDragging(this.size, this.#times.get(this.size)?.value) : this.size;
  }

  /** Asks whether to fetch another site's model. */
  ask(place: URL): void {
    this.stop();
    this.place = place;
    this.status = { phase: "asking", host: place.host };
  }

  /** Opens a model, in place of the one before. What goes wrong is in `status`. */
  async open(place: ModelPlace): Promise<void> {
    this.stop();
    const opening = new AbortController();
    this.#opening = opening;
    this.place = place;
    this.status = { phase: "loading", progress: nothingLoaded };
    const startMs = performance.now();
    try {
      if (!hasSimd()) throw new KnownFailure("noSimd", "WebAssembly.validate refuses SIMD.");
      void fetchEngineAhead(opening.signal);
      const { openModel } = await import("./open-model.ts");
      opening.signal.throwIfAborted();
      const model = await openModel(place, {
        signal: opening.signal,
        onProgress: ({ file, loadedBytes, totalBytes }) => {
          if (opening.signal.aborted || !file.endsWith(".safetensors")) return;
          const bytesPerSecond = (1000 * loadedBytes) / Math.max(performance.now() - startMs, 1);
          const isWhole = loadedBytes === totalBytes;
          this.status = isWhole
            ? { phase: "starting" }
            : { phase: "loading", progress: { loadedBytes, totalBytes, bytesPerSecond } };
        },
      });
      if (opening.signal.aborted) {
        await model.dispose();
        return;
      }
      const before = this.model;
      this.model = model;
      this.status = { phase: "ready" };
      await before?.dispose();
    } catch (error) {
      if (opening.signal.aborted) return;
      const isOtherSite = place instanceof URL && place.origin !== location.origin;
      this.status = { phase: "failed", failure: failureOf(error, isOtherSite) };
    }
  }

  /** Lets go of the model, and with it of its worker and all its memory. */
  async release(): Promise<void> {
    const { model } = this;
    this.model = undefined;
    await model?.dispose();
  }

  /** Ends the loading of the model; `open` begins again. */
  stop(): void {
    this.#opening?.abort();
    this.status = { phase: "stopped" };
  }

  /** What went wrong with what is on screen. */
  get failure(): Failure | undefined {
    return [...this.#failures.values()].at(-1);
  }

  /**
   * See {@link Queue.latest}; `work` gets the model, which must be open. What goes wrong is in `failure`, until the lane is asked again.
   *
   * @param when whether everything else that waits comes first.
   */
  async latest<T>(
    lane: object,
    work: (model: Model) => Promise<T>,
    when: "now" | "idle" = "now",
  ): Promise<T | undefined> {
    const { model } = this;
    if (model === undefined) return undefined;
    try {
      const result = await this.#queue.latest(lane, () => work(model), when === "idle");
      if (result !== undefined) this.#failures.delete(lane);
      return result;
    } catch (error) {
      this.#failures.set(lane, failureOf(error));
      return undefined;
    }
  }

  /** Nobody waits for the lane any more. */
  leave(lane: object): void {
    this.#queue.cancel(lane);
    this.#failures.delete(lane);
  }
}
