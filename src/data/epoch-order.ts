/** Which examples a batch holds: a function of the seed and the batch's number, whatever was read before. */
import { VaekitError } from "../errors.ts";
import { dataStream } from "./streams.ts";

/**
 * The order of `count` examples in an epoch: each number from 0 to count - 1 once. It is asked for once or more
 * per epoch, and must answer the same each time.
 */
export type ExampleOrder = (epoch: number, count: number) => ArrayLike<number>;

/** A new random order in each epoch, from the seed and the epoch alone. */
export function shuffledOrder(seed: number | bigint): ExampleOrder {
  return (epoch, count) =>
    Uint32Array.from(dataStream(seed, "order", epoch).randperm(count).data, (example) => Number(example));
}

/** As listed, in every epoch. */
export const listedOrder: ExampleOrder = (_epoch, count) => Uint32Array.from({ length: count }, (_, i) => i);

export interface BatchPlanOptions {
  /** How many examples there are. */
  exampleCount: number;
  batchSize: number;
  order: ExampleOrder;
  /** Whether the epoch's last batch, when it is not full, is kept (smaller) rather than dropped. @defaultValue false */
  keepLast?: boolean;
}

/** The examples of one batch. */
export interface PlannedBatch {
  readonly epoch: number;
  readonly examples: readonly number[];
}

/** Batches by number over all epochs. */
export class BatchPlan {
  readonly batchesPerEpoch: number;
  readonly #options: BatchPlanOptions;
  /** Two epochs: at the border, batches of the next one are prepared while the last one's are in use. */
  readonly #orders = new Map<number, ArrayLike<number>>();

  /** @throws INVALID_ARGUMENT when the batch size is no whole number above 0, or no batch can be filled. */
  constructor(options: BatchPlanOptions) {
    const { exampleCount, batchSize, keepLast = false } = options;
    if (!Number.isSafeInteger(batchSize) || batchSize < 1) {
      throw new VaekitError(
        "INVALID_ARGUMENT",
        `batch size: expected a whole number above 0, found ${batchSize}.`,
      );
    }
    if (batchSize > exampleCount) {
      throw new VaekitError(
        "INVALID_ARGUMENT",
        `batch size: expected at most the number of examples, ${exampleCount}, found ${batchSize}. Make the batch smaller, or add examples.`,
      );
    }
    this.#options = options;
    const batches = exampleCount / batchSize;
    this.batchesPerEpoch = keepLast ? Math.ceil(batches) : Math.floor(batches);
  }

  /** @throws INVALID_ARGUMENT when `index` is no whole number, or the order is not one of all examples. */
  batch(index: number): PlannedBatch {
    if (!Number.isSafeInteger(index) || index < 0) {
      throw new VaekitError(
        "INVALID_ARGUMENT",
        `batch index: expected a whole number from 0, found ${index}.`,
      );
    }
    const epoch = Math.floor(index / this.batchesPerEpoch);
    const first = (index % this.batchesPerEpoch) * this.#options.batchSize;
    const order = this.#orderOf(epoch);
    const length = Math.min(this.#options.batchSize, order.length - first);
    return { epoch, examples: Array.from({ length }, (_, i) => order[first + i]!) };
  }

  #orderOf(epoch: number): ArrayLike<number> {
    const known = this.#orders.get(epoch);
    if (known !== undefined) return known;
    const order = this.#options.order(epoch, this.#options.exampleCount);
    checkOrder(order, this.#options.exampleCount);
    if (this.#orders.size >= 2) this.#orders.delete(Math.min(...this.#orders.keys()));
    this.#orders.set(epoch, order);
    return order;
  }
}

function checkOrder(order: ArrayLike<number>, count: number): void {
  const seen = new Uint8Array(count);
  for (let i = 0; i < order.length; i++) seen[order[i]!] = 1;
  if (order.length === count && seen.every((mark) => mark === 1)) return;
  throw new VaekitError(
    "INVALID_ARGUMENT",
    `order: expected each number from 0 to ${count - 1} once, found ${order.length} numbers that are not.`,
  );
}
