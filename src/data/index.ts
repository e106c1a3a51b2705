/** Data sets, the part without files: the order of examples, and what is done to each. */
export { augmentationOf, type Augmentation, type AugmentOptions } from "./augment.ts";
export {
  BatchPlan,
  listedOrder,
  shuffledOrder,
  type BatchPlanOptions,
  type ExampleOrder,
  type PlannedBatch,
} from "./epoch-order.ts";
export type { BatchSource } from "./batch-source.ts";
export { PhasedBatches, type Phase } from "./phased-batches.ts";
export { TensorBatches, type TensorBatchesOptions } from "./tensor-batches.ts";
export { dataStream } from "./streams.ts";
