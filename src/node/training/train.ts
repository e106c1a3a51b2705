/** A training run from a recipe to a model's folder: what `vaekit train` does. */
import { formatRecipe, type Recipe } from "../../recipe/index.ts";
import { NodeRuntime } from "../../runtime/node/node-runtime.ts";
import type { Device } from "../../runtime/index.ts";
import {
  initialTensors,
  philoxRandomness,
  torchRandomness,
  Trainer,
  type RandomnessState,
  type StepReport,
  type TrainingPlan,
  type TrainingRandomness,
} from "../../train/index.ts";
import { RunDirectory, type Checkpoint, type JsonValue, type ResumedRun } from "../../train/node/index.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { planTraining } from "./plan.ts";
import { RunLoop } from "./run-loop.ts";
import { openData } from "./training-data.ts";
import { openDiscriminator, openModel, type TrainingModel } from "./training-model.ts";
import type { ValidationMetrics } from "./validate.ts";

/** What a caller may watch. */
export interface TrainingEvents {
  readonly onStart?: (run: {
    step: number;
    totalSteps: number;
    parameterCount: number;
    examples: number;
  }) => void;
  readonly onStep?: (report: StepReport, imagesPerSecond: number) => void;
  readonly onValidation?: (step: number, metrics: ValidationMetrics) => void;
  /** One line for the user: a skipped file, a damaged checkpoint, a file written. */
  readonly onNote?: (message: string) => void;
}

export interface TrainOptions extends TrainingEvents {
  readonly recipe: Recipe;
  /** The run's folder: new, or one to go on with. */
  readonly directory: string;
  readonly resume?: boolean;
  /** Asks the run to finish its step, save and return. */
  readonly signal?: AbortSignal;
  readonly device?: Device;
  /** Threads of the computation; by default one per core. */
  readonly threadCount?: number;
}

export interface TrainResult {
  readonly step: number;
  readonly totalSteps: number;
  /** Where the model lies; undefined when the run was interrupted. */
  readonly modelPath: string | undefined;
  readonly validation: ValidationMetrics | undefined;
}

/**
 * Trains until the recipe's last step, or until `signal` fires.
 *
 * @throws INVALID_CONFIG, INVALID_ARGUMENT, NOT_FOUND, INVALID_FILE, WEIGHTS_MISMATCH, IO; RUNTIME when the loss is
 *   no longer finite, in which case the last checkpoint stays as it is.
 */
export async function train(options: TrainOptions): Promise<TrainResult> {
  const { recipe } = options;
  const randomness =
    recipe.randomness === "torch" ? torchRandomness(recipe.seed) : philoxRandomness(recipe.seed);
  const model = await openModel(recipe);
  const data = await openData(recipe, {
    order: randomness.order,
    factor: model.factor,
    onSkip: (path, reason) => options.onNote?.(`Skipped ${path}: ${reason}`),
  });
  try {
    const totalSteps =
      recipe.steps ?? Math.ceil((recipe.epochs! * data.source.batchesPerEpoch) / recipe.accumulate);
    const discriminator = openDiscriminator(recipe, recipe.data.type === "mnist" ? 1 : recipe.data.channels);
    const plan = await planTraining(recipe, model, discriminator, totalSteps);
    const parameters = await model.initialParameters(randomness.initialization, () => data.initialPictures());
    const fresh = initialTensors(
      plan,
      parameters,
      discriminator?.initialParameters(randomness.initialization),
    );
    const opened = await openRun(options, model, fresh);
    using run = opened.run;
    for (const { path, error } of opened.damaged) options.onNote?.(`Passed over ${path}: ${error.message}`);
    await using runtime = disposable(
      new NodeRuntime({
        device: options.device ?? "cpu",
        threadCount: options.threadCount ?? 0,
        keepsMemory: true,
      }),
    );
    const trainer = await startTrainer(runtime, plan, randomness, fresh, opened.checkpoint);
    options.onStart?.({
      step: trainer.step,
      totalSteps,
      parameterCount: model.layout.size,
      examples: data.source.exampleCount,
    });
    const loop = new RunLoop({ options, run, trainer, model, data, randomness, totalSteps });
    loop.restore(opened.checkpoint);
    return await loop.run();
  } finally {
    await data.source.dispose();
  }
}

async function openRun(
  { recipe, directory, resume }: TrainOptions,
  model: TrainingModel,
  fresh: ReadonlyMap<string, Tensor>,
): Promise<ResumedRun | { run: RunDirectory; checkpoint: undefined; damaged: [] }> {
  const json = formatRecipe(recipe) as JsonValue;
  if (resume !== true) {
    return { run: await RunDirectory.create(directory, json), checkpoint: undefined, damaged: [] };
  }
  const expected = { fingerprint: { model: model.architecture } as JsonValue, tensors: fresh };
  const resumed = await RunDirectory.resume(directory, expected);
  await resumed.run.writeRecipe(json);
  return resumed;
}

async function startTrainer(
  runtime: NodeRuntime,
  plan: TrainingPlan,
  randomness: TrainingRandomness,
  fresh: ReadonlyMap<string, Tensor>,
  checkpoint: Checkpoint | undefined,
): Promise<Trainer> {
  if (checkpoint === undefined) return Trainer.create(runtime, plan, randomness, fresh);
  const { batches, randomness: state } = checkpoint.state as unknown as {
    batches: number;
    randomness: RandomnessState;
  };
  randomness.restore(state);
  return Trainer.create(runtime, plan, randomness, checkpoint.tensors, { step: checkpoint.step, batches });
}

function disposable(runtime: NodeRuntime): NodeRuntime & AsyncDisposable {
  return Object.assign(runtime, { [Symbol.asyncDispose]: () => runtime.dispose() });
}
