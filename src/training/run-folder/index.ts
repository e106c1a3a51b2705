/** The folder of a training run, for Node: checkpoints, logs, curves, locks. */
export {
  checkpointName,
  discardCheckpointsAfter,
  latestCheckpoint,
  latestUsableCheckpoint,
  listCheckpoints,
  readCheckpoint,
  writeCheckpoint,
  type Checkpoint,
  type CheckpointContent,
  type CheckpointPlace,
  type DamagedCheckpoint,
  type WriteCheckpointOptions,
} from "./checkpoint.ts";
export type { ExpectedCheckpoint, TensorKind } from "./checkpoint-fit.ts";
export { fingerprintOf, type JsonValue } from "./canonical-json.ts";
export { MetricsLog, readMetrics, type MetricsRecord, type Truncation } from "./metrics-log.ts";
export { RunDirectory, type ResumedRun } from "./run-directory.ts";
export { EventFileWriter, type EventFileWriterOptions } from "./tensorboard.ts";
