/** A training run from a recipe to a model's folder. */
import type { VaekitError } from "../errors.ts";
import { addLeftOut, leftOutText, nothingLeftOut } from "../data/node/index.ts";
import { formatRecipe, recipeOf, type Recipe } from "../recipe/index.ts";
import { readRecipe } from "../recipe/node/index.ts";
import { NodeRuntime } from "../runtime/node/node-runtime.ts";
import {
  freshTensors,
  initialTensors,
  openDiscriminator,
  openTrainable,
  planTraining,
  randomnessOf,
  TrainingEngine,
  type RandomnessState,
  type RuntimeUse,
  type TrainableDiscriminator,
  type TrainableModel,
  type TrainingPlan,
  type TrainingRandomness,
} from "../train/index.ts";
import { readWeights } from "./read-weights.ts";
import { readRunRecipe } from "./read-run-recipe.ts";
import { RunDirectory, type JsonValue, type ResumedRun } from "./run-folder/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import { checkData, writeDataRecord } from "./data-changes.ts";
import { RunLoop } from "./run-loop.ts";
import { openData, type TrainingData } from "./training-data.ts";
import { checkOptions, checkPath, checkValue, optionKinds } from "../util/check-options.ts";
import { strictSource, unreadablePicture } from "./strict-source.ts";
import {
  recipeKind,
  trainKinds,
  type RunOptions,
  type RunResult,
  type TrainOptions,
  type TrainResult,
} from "./options.ts";

/**
 * Trains until the recipe's last step, or until `signal` fires, and leaves checkpoints, logs, samples and the model in `directory`.
 *
 * @returns where it ended, and the path of the model's folder.
 * @throws INVALID_CONFIG, INVALID_ARGUMENT, NOT_FOUND, INVALID_FILE, WEIGHTS_MISMATCH, IO; RUNTIME when the loss is
 *   no longer finite, NOT_FINITE when the weights are not, in which case the last checkpoint stays as it is.
 */
export async function train(options: TrainOptions): Promise<TrainResult> {
  checkOptions("train", options, trainKinds);
  checkValue("train", options, optionKinds.object);
  checkPath("train", options.directory, "a directory for the run");
  return trainRecipe({ ...options, recipe: await findRecipe(options) });
}

/** The recipe that the options mean. */
async function findRecipe({ recipe, resume, directory }: TrainOptions): Promise<Recipe> {
  if (recipe === undefined && resume === true) return readRunRecipe(directory);
  checkValue("train: recipe", recipe, recipeKind);
  return typeof recipe === "string" ? readRecipe(recipe) : recipeOf(recipe!, "train: recipe");
}

async function trainRecipe(options: RunOptions): Promise<TrainResult> {
  const { recipe } = options;
  if (options.resume !== true) await RunDirectory.checkIsFree(options.directory);
  const randomness = randomnessOf(recipe);
  const weights = await readWeights(recipe, options.onNote);
  const model = openTrainable(recipe, weights);
  const skipped = new Set<string>();
  const leftOut = nothingLeftOut();
  let fault: VaekitError | undefined;
  const found = await openData(recipe, {
    order: randomness.order,
    facts: model.facts,
    onSkip: (path, reason) => {
      // Each phase reads the files anew; each file is reported once.
      if (!skipped.has(path)) options.onNote?.(`Skipped ${path}: ${reason}`);
      skipped.add(path);
      fault ??= unreadablePicture(path, reason);
    },
    onLeftOut: (folder, more) => {
      addLeftOut(leftOut, more);
      const text = leftOutText(more);
      if (text !== "") options.onNote?.(`${folder}: left out ${text}.`);
      for (const { path, reason } of more.unreadable) {
        if (options.strict === true) throw unreadablePicture(path, reason);
        options.onNote?.(`Skipped ${path}: ${reason}`);
      }
    },
  });
  const data =
    options.strict === true ? { ...found, source: strictSource(found.source, () => fault) } : found;
  try {
    const totalSteps =
      recipe.steps ?? Math.ceil((recipe.epochs! * data.source.batchesPerEpoch) / recipe.accumulate);
    const discriminator = openDiscriminator(recipe);
    const plan = planTraining(recipe, { model, discriminator, weights, totalSteps });
    const result = await runTraining({ options, model, data, discriminator, plan, randomness, totalSteps });
    return { ...result, skippedCount: skipped.size + leftOut.unreadable.length, leftOut };
  } finally {
    await data.source.dispose();
  }
}

interface Preparation {
  readonly options: RunOptions;
  readonly model: TrainableModel;
  readonly data: TrainingData;
  readonly discriminator: TrainableDiscriminator | undefined;
  readonly plan: TrainingPlan;
  readonly randomness: TrainingRandomness;
  readonly totalSteps: number;
}

async function runTraining(parts: Preparation): Promise<RunResult> {
  const { options, model, data, plan, randomness, totalSteps } = parts;
  const opened = options.resume === true ? await resumeRun(parts) : await createRun(parts);
  using run = opened.run;
  for (const { path, error } of opened.damaged) options.onNote?.(`Passed over ${path}: ${error.message}`);
  await using runtime = new NodeRuntime({
    device: options.device ?? "cpu",
    threadCount: options.threadCount ?? 0,
    keepsMemory: true,
  });
  let engine: TrainingEngine | undefined;
  try {
    engine = await startEngine(runtime, plan, randomness, opened);
    options.onStart?.({
      step: engine.step,
      totalSteps,
      parameterCount: model.layout.size,
      examples: data.source.exampleCount,
    });
    const loop = new RunLoop({ options, run, engine, model, data, randomness, totalSteps });
    loop.restore(opened.checkpoint);
    return await loop.run();
  } catch (error) {
    if (options.resume !== true && (engine?.step ?? 0) === 0) await run.discard();
    throw error;
  }
}

/** A run whose folder is open, and the state that it starts from. */
type OpenedRun = Pick<ResumedRun, "run" | "checkpoint" | "damaged"> & {
  readonly tensors: ReadonlyMap<string, Tensor>;
};

/** Whatever can be found wrong is found before there is a folder. */
async function createRun(parts: Preparation): Promise<OpenedRun> {
  const { options, data } = parts;
  const tensors = await drawTensors(parts);
  await data.source.batch(0);
  const run = await RunDirectory.create(options.directory, formatRecipe(options.recipe) as JsonValue);
  await writeDataRecord(options.directory, data);
  return { run, checkpoint: undefined, damaged: [], tensors };
}

async function resumeRun(parts: Preparation): Promise<OpenedRun> {
  const { options, model, data, plan, discriminator } = parts;
  await checkData(options, data);
  const expected = {
    fingerprint: { model: model.architecture } as JsonValue,
    tensors: initialTensors(
      plan,
      Tensor.zeros([model.layout.size]),
      discriminator && Tensor.zeros([discriminator.layout.size]),
    ),
  };
  const resumed = await RunDirectory.resume(options.directory, expected);
  try {
    const tensors = resumed.checkpoint?.tensors ?? (await drawTensors(parts));
    await writeDataRecord(options.directory, data);
    await resumed.run.writeRecipe(formatRecipe(options.recipe) as JsonValue);
    return { ...resumed, tensors };
  } catch (error) {
    resumed.run[Symbol.dispose]();
    throw error;
  }
}

function drawTensors({
  model,
  data,
  plan,
  discriminator,
  randomness,
}: Preparation): Promise<Map<string, Tensor>> {
  return freshTensors({
    plan,
    model,
    discriminator,
    generator: randomness.initialization,
    pictures: () => data.initialPictures(),
    compute: onProcessor,
  });
}

/** A runtime of its own: the run's is opened when its folder is there. */
const onProcessor: RuntimeUse = async (work) => {
  await using runtime = new NodeRuntime({ device: "cpu" });
  return await work(runtime);
};

async function startEngine(
  runtime: NodeRuntime,
  plan: TrainingPlan,
  randomness: TrainingRandomness,
  { tensors, checkpoint }: OpenedRun,
): Promise<TrainingEngine> {
  if (checkpoint === undefined) return TrainingEngine.create(runtime, plan, randomness, tensors);
  const { batches, randomness: state } = checkpoint.state as unknown as {
    batches: number;
    randomness: RandomnessState;
  };
  randomness.restore(state);
  return TrainingEngine.create(runtime, plan, randomness, tensors, { step: checkpoint.step, batches });
}
