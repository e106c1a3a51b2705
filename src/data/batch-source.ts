/** Where a trainer's examples come from. */
import type { Tensor } from "../tensor/tensor.ts";

/**
 * Batches by number. Order and augmentation follow from the seed and the number alone, so resuming a run needs
 * no state of the source.
 */
export interface BatchSource {
  /** How many examples are usable; it becomes smaller when unreadable ones are found. */
  readonly exampleCount: number;
  readonly batchesPerEpoch: number;
  /**
   * The batch `index`, counted from 0 over all epochs: [N, C, H, W] (or [N, D]). The ones after it are prepared
   * meanwhile.
   */
  batch(index: number): Promise<Tensor<"float32">>;
  dispose(): Promise<void>;
}
