/** `vaekit train`: a VAE from a recipe and pictures. */
import { stat } from "node:fs/promises";
import type { Command } from "commander";
import {
  applyOverrides,
  parseRecipe,
  readRecipe,
  readRunRecipe,
  train,
  type Recipe,
  type TrainResult,
} from "../../training/index.ts";
import { InterruptGuard } from "../interrupt.ts";
import { UsageError, warn } from "../failure.ts";
import { withFlags } from "../flags.ts";
import { print, printJson } from "../format.ts";
import { parseThreads } from "../limits.ts";
import { addJsonOption, parseCount, type JsonOptions } from "../options.ts";
import { TrainProgress } from "../train-progress.ts";
import { oneLine } from "../../node/report/index.ts";

interface TrainCommandOptions extends JsonOptions {
  out: string;
  set: string[];
  resume?: boolean;
  allowChangedData?: boolean;
  strict?: boolean;
  steps?: number;
  threads?: number;
}

/** Adds its arguments, its options and what it does. */
export function addTrain(command: Command): void {
  command
    .argument(
      "[recipe-or-folder]",
      "a recipe (.yaml, .yml, .json), or a folder of pictures for the default recipe",
    )
    .requiredOption("-o, --out <dir>", "the run's folder: checkpoints, logs, samples and the model")
    .option(
      "--set <key=value>",
      "override a key of the recipe, such as loss.kl.weight=1e-5 (may repeat)",
      collect,
      [],
    )
    .option("--steps <n>", "override the recipe's length in steps", parseCount)
    .option("--threads <n>", "threads of the computation (default: one per core)", parseThreads)
    .option("--resume", "go on with the run in --out")
    .option("--strict", "stop at the first picture that cannot be read, instead of leaving it out")
    .option("--allow-changed-data", "resume although pictures were added, removed or replaced")
    .addHelpText(
      "after",
      "\nExamples:\n  $ vaekit train photos --out runs/first --steps 2000\n" +
        "  $ vaekit train recipes/photos-small.yaml --set data.path=photos --out runs/small\n" +
        "  $ vaekit train --resume --out runs/small\n\n" +
        "Ctrl-C finishes the step, saves a checkpoint and exits 0.",
    );
  addJsonOption(command).action(runTrain);
}

const collect = (value: string, previous: readonly string[]): string[] => [...previous, value];

async function runTrain(source: string | undefined, options: TrainCommandOptions): Promise<void> {
  const recipe = await chooseRecipe(source, options);
  using interrupt = new InterruptGuard(() => {
    warn("interrupted: finishing this step and saving; press again to stop at once.");
  });
  let progress: TrainProgress | undefined;
  const note = (message: string): void => {
    if (progress === undefined) warn(message);
    else progress.note(withFlags(message));
  };
  const result = await train({
    recipe,
    directory: options.out,
    resume: options.resume === true,
    allowChangedData: options.allowChangedData === true,
    strict: options.strict === true,
    signal: interrupt.signal,
    ...(options.threads === undefined ? {} : { threadCount: options.threads }),
    onStart: ({ step, totalSteps, parameterCount, examples }) => {
      progress = new TrainProgress({ totalSteps, firstStep: step });
      const from = step === 0 ? "" : `, from step ${step}`;
      note(`Training ${parameterCount} parameters on ${examples} examples for ${totalSteps} steps${from}.`);
    },
    onStep: ({ step, terms }, imagesPerSecond) => {
      progress?.update({ step, imagesPerSecond, losses: terms });
    },
    onValidation: (step, metrics) => {
      note(`validation at step ${step}: ${formatMetrics(metrics)}`);
    },
    onNote: note,
  }).finally(() => {
    progress?.[Symbol.dispose]();
  });
  report(result, options);
}

const formatMetrics = (metrics: Readonly<Record<string, number>>): string =>
  Object.entries(metrics)
    .map(([name, value]) => `${name} ${value.toPrecision(5)}`)
    .join(", ");

function report(result: TrainResult, options: TrainCommandOptions): void {
  const { skippedCount } = result;
  if (skippedCount > 0) {
    warn(`${skippedCount} unreadable ${skippedCount === 1 ? "file was" : "files were"} left out.`);
  }
  if (options.json === true) {
    printJson({ ...result, directory: options.out });
  } else if (result.modelPath === undefined) {
    print(
      `Stopped at step ${result.step} of ${result.totalSteps}. Go on: vaekit train --resume --out ${oneLine(options.out)}`,
    );
  } else {
    print(`Model: ${oneLine(result.modelPath)}`);
  }
}

async function chooseRecipe(source: string | undefined, options: TrainCommandOptions): Promise<Recipe> {
  const overrides = [...options.set, ...(options.steps === undefined ? [] : [`steps=${options.steps}`])];
  const changes = { overrides };
  if (options.resume === true) {
    if (source !== undefined) {
      throw new UsageError(
        "--resume goes on with the recipe of the run; leave the recipe out, or change keys with --set.",
      );
    }
    return readRunRecipe(options.out, changes);
  }
  if (source === undefined) {
    throw new UsageError(
      "expected a recipe or a folder of pictures. Add --help for what this command expects.",
    );
  }
  if (/\.(ya?ml|json)$/i.test(source)) return readRecipe(source, changes);
  const found = await stat(source).catch(() => undefined);
  if (found?.isDirectory() !== true) {
    throw new UsageError(`${source}: expected a recipe (.yaml, .yml, .json) or a folder of pictures.`);
  }
  return parseRecipe(applyOverrides({ data: { path: source } }, overrides), "the default recipe");
}
