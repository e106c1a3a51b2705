/** Batches of examples that lie in one tensor. */
import { Tensor } from "../tensor/tensor.ts";
import type { BatchSource } from "./batch-source.ts";
import { BatchPlan, type ExampleOrder } from "./epoch-order.ts";

export interface TensorBatchesOptions {
  readonly batchSize: number;
  readonly order: ExampleOrder;
  /** Whether an epoch's last batch, when it is not full, is kept. */
  readonly keepLast: boolean;
}

export class TensorBatches implements BatchSource {
  readonly exampleCount: number;
  readonly #examples: Tensor<"float32">;
  readonly #plan: BatchPlan;

  /**
   * @param examples [N, ...], read when a batch is asked for.
   * @throws INVALID_ARGUMENT when the batch is larger than N.
   */
  constructor(examples: Tensor<"float32">, options: TensorBatchesOptions) {
    this.#examples = examples;
    this.exampleCount = examples.shape[0]!;
    this.#plan = new BatchPlan({ exampleCount: this.exampleCount, ...options });
  }

  get batchesPerEpoch(): number {
    return this.#plan.batchesPerEpoch;
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- what it throws must arrive as a rejection
  async batch(index: number): Promise<Tensor<"float32">> {
    const { examples } = this.#plan.batch(index);
    const { data, shape } = this.#examples;
    const size = data.length / this.exampleCount;
    const out = new Float32Array(examples.length * size);
    examples.forEach((example, slot) => {
      out.set(data.subarray(example * size, (example + 1) * size), slot * size);
    });
    return Tensor.from(out, [examples.length, ...shape.slice(1)]);
  }

  dispose(): Promise<void> {
    return Promise.resolve();
  }
}
