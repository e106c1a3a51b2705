/** Batches that change their size in the course of a run: small crops first, large ones at the end, say. */
import { invariant } from "../errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { BatchSource } from "./batch-source.ts";

/** A stretch of a run. */
export interface Phase {
  /** The number of its first batch, counted over the whole run; 0 for the first phase. */
  readonly firstBatch: number;
  /** Opens the source of its batches, which counts them from 0. */
  open(): Promise<BatchSource>;
}

/** Several sources one after another; only the one in use is open. */
export class PhasedBatches implements BatchSource {
  readonly #phases: readonly Phase[];
  #current: { readonly phase: Phase; readonly source: BatchSource };

  private constructor(phases: readonly Phase[], source: BatchSource) {
    this.#phases = phases;
    this.#current = { phase: phases[0]!, source };
  }

  /** @param phases in ascending order of their first batch. */
  static async open(phases: readonly Phase[]): Promise<PhasedBatches> {
    invariant(phases[0]?.firstBatch === 0, "the first phase begins with batch 0");
    return new PhasedBatches(phases, await phases[0].open());
  }

  get exampleCount(): number {
    return this.#current.source.exampleCount;
  }

  get batchesPerEpoch(): number {
    return this.#current.source.batchesPerEpoch;
  }

  async batch(index: number): Promise<Tensor<"float32">> {
    const phase = this.#phases.findLast(({ firstBatch }) => firstBatch <= index)!;
    if (phase !== this.#current.phase) {
      const source = await phase.open();
      await this.#current.source.dispose();
      this.#current = { phase, source };
    }
    return this.#current.source.batch(index - phase.firstBatch);
  }

  dispose(): Promise<void> {
    return this.#current.source.dispose();
  }
}
