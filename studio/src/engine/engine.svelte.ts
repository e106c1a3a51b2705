/** What stands between the views and vaekit: one model, one queue, how far its loading is and how long it takes. */
import type { AutoencoderKL } from "vaekit";
import { failureOf, type Failure } from "./failure.ts";
import { RunningMedian } from "./median.ts";
import { fetchWithProgress, type Progress } from "./progress.ts";
import { Queue } from "./queue.ts";

export type Model = AutoencoderKL;

export type EngineStatus =
  | { readonly phase: "loading"; readonly progress: Progress }
  | { readonly phase: "starting" }
  | { readonly phase: "ready" }
  | { readonly phase: "failed"; readonly failure: Failure };

/** Sides in pixels that a picture can be computed at. */
export const sizes = [128, 256, 512] as const;
export type Size = (typeof sizes)[number];

/** A drag feels live when each frame of it takes no longer. */
const dragMs = 150;

export class Engine {
  status = $state.raw<EngineStatus>({
    phase: "loading",
    progress: { loaded: 0, total: 0, bytesPerSecond: 0 },
  });
  model = $state.raw<Model>();
  busy = $state(false);
  /** How long the last computation took. */
  lastMs = $state<number>();
  /** The side of pictures at rest. */
  size = $state<Size>(256);
  /** Whether somebody is moving a slider or a brush now. */
  dragging = $state(false);
  readonly #times = new Map<Size, RunningMedian>(sizes.map((size) => [size, new RunningMedian()]));
  readonly #queue = new Queue({
    busy: (busy) => (this.busy = busy),
    done: (milliseconds) => (this.lastMs = milliseconds),
  });

  /** The side for what is computed now: while dragging, a smaller one where the whole one has proved too slow. */
  get liveSize(): Size {
    if (!this.dragging || this.size === 128) return this.size;
    const usual = this.#times.get(this.size)?.value ?? Infinity;
    return usual <= dragMs ? this.size : 128;
  }

  /** Opens the model in the folder `url`. What goes wrong is in `status`. */
  async open(url: URL): Promise<void> {
    try {
      const weights = new URL("diffusion_pytorch_model.safetensors", url);
      const downloaded = fetchWithProgress(weights, (progress) => {
        this.status = { phase: "loading", progress };
      });
      const [{ openModel }] = await Promise.all([import("./open-model.ts"), downloaded]);
      this.status = { phase: "starting" };
      this.model = await openModel(url);
      this.status = { phase: "ready" };
    } catch (error) {
      this.status = { phase: "failed", failure: failureOf(error) };
    }
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

  /** Remembers how long a picture of this side takes. */
  took(size: Size, milliseconds: number): void {
    this.#times.get(size)?.add(milliseconds);
  }
}
