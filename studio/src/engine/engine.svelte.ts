/** What stands between the views and vaekit: one model, one queue, how far its loading is and how long it takes. */
import { failureOf, type Failure } from "./failure.ts";
import { RunningMedian } from "./median.ts";
import type { Model, ModelPlace } from "./open-model.ts";
import { Queue } from "./queue.ts";

export type { Model, ModelPlace } from "./open-model.ts";

export type EngineStatus =
  | { readonly phase: "loading"; readonly progress: Progress }
  | { readonly phase: "starting" }
  | { readonly phase: "ready" }
  | { readonly phase: "stopped" }
  | { readonly phase: "failed"; readonly failure: Failure };

/** Of the model's weights. */
export interface Progress {
  readonly loadedBytes: number;
  /** undefined where the server does not say. */
  readonly totalBytes: number | undefined;
  readonly bytesPerSecond: number;
}

/** Sides in pixels that a picture can be computed at. */
export const sizes = [128, 256, 512] as const;
export type Size = (typeof sizes)[number];

/** A drag feels live when each frame of it takes no longer. */
const dragMs = 150;

const nothingLoaded: Progress = { loadedBytes: 0, totalBytes: undefined, bytesPerSecond: 0 };

export class Engine {
  status = $state.raw<EngineStatus>({ phase: "loading", progress: nothingLoaded });
  /** Of the last computation. */
  failure = $state.raw<Failure>();
  model = $state.raw<Model>();
  /** Whether the visitor has opened a model of theirs. */
  isOwnModel = $state(false);
  busy = $state(false);
  /** How long the last computation took. */
  lastMs = $state<number>();
  /** The side of pictures at rest. */
  size = $state<Size>(256);
  /** Whether somebody is moving a slider or a brush now. */
  dragging = $state(false);
  #opening: AbortController | undefined;
  readonly #times = new Map<Size, RunningMedian>(sizes.map((size) => [size, new RunningMedian()]));
  readonly #queue = new Queue({
    busy: (busy) => (this.busy = busy),
    done: (milliseconds) => {
      this.lastMs = milliseconds;
      if (!this.dragging) this.#times.get(this.size)?.add(milliseconds);
    },
  });

  /** The side for what is computed now: while dragging, a smaller one where the whole one has proved too slow. */
  get liveSize(): Size {
    if (!this.dragging || this.size === 128) return this.size;
    const usual = this.#times.get(this.size)?.value ?? Infinity;
    return usual <= dragMs ? this.size : 128;
  }

  /**
   * Opens a model, in place of the one before. What goes wrong is in `status`.
   *
   * @param first what must be over before anything is fetched.
   */
  async open(place: ModelPlace, first?: Promise<void>): Promise<void> {
    this.stop();
    const opening = new AbortController();
    this.#opening = opening;
    this.status = { phase: "loading", progress: nothingLoaded };
    const startMs = performance.now();
    try {
      const [{ openModel }] = await Promise.all([import("./open-model.ts"), first]);
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
      this.isOwnModel = !(place instanceof URL);
      this.status = { phase: "ready" };
      await before?.dispose();
    } catch (error) {
      if (!opening.signal.aborted) this.status = { phase: "failed", failure: failureOf(error) };
    }
  }

  /** Ends the loading of the model; `open` begins again. */
  stop(): void {
    this.#opening?.abort();
    this.status = { phase: "stopped" };
  }

  /** See {@link Queue.latest}; `work` gets the model, which must be open. */
  latest<T>(lane: object, work: (model: Model) => Promise<T>): Promise<T | undefined> {
    const { model } = this;
    if (model === undefined) return Promise.resolve(undefined);
    return this.#queue.latest(lane, () => work(model));
  }

  cancel(lane: object): void {
    this.#queue.cancel(lane);
  }
}
