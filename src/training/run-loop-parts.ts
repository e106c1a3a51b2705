/** What a run's loop works with. */
import type { TrainableModel, TrainingEngine, TrainingRandomness } from "../train/index.ts";
import type { RunOptions } from "./options.ts";
import type { RunDirectory } from "./run-folder/index.ts";
import type { TrainingData } from "./training-data.ts";

export interface RunLoopParts {
  readonly options: RunOptions;
  readonly run: RunDirectory;
  readonly engine: TrainingEngine;
  readonly model: TrainableModel;
  readonly data: TrainingData;
  readonly randomness: TrainingRandomness;
  readonly totalSteps: number;
}
