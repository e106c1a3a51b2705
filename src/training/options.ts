/** What a training run is asked for, and what it answers. */
import type { LeftOut } from "../data/node/index.ts";
import type { Recipe, RecipeObject } from "../recipe/index.ts";
import { devices, type Device } from "../runtime/index.ts";
import { oneOf, optionKinds, wholeNumber, type OptionKind, type OptionKinds } from "../util/check-options.ts";
import type { StepReport } from "../train/index.ts";

/** Metrics by name: `psnr`, `ssim`, and the same with `ema_` in front; the objective's terms. */
export type ValidationMetrics = Readonly<Record<string, number>>;

/** What a caller may watch. */
export interface TrainingEvents {
  /** Told once, before the first step. */
  readonly onStart?: (run: {
    step: number;
    totalSteps: number;
    parameterCount: number;
    examples: number;
  }) => void;
  /** Told after each step. */
  readonly onStep?: (report: StepReport, imagesPerSecond: number) => void;
  /** Told after each validation, with the step it was made at. */
  readonly onValidation?: (step: number, metrics: ValidationMetrics) => void;
  /** One line for the user: a skipped file, a damaged checkpoint, a file written. */
  readonly onNote?: (message: string) => void;
}

/** The options of {@link train}. */
export interface TrainOptions extends TrainingEvents {
  /**
   * What decides the run: a plain object as in a recipe file, such as `{ data: { path: "photos" }, steps: 100 }`; what `parseRecipe`
   * or `readRecipe` give; or the path of a recipe file. A run that goes on may leave it out, and takes its own.
   */
  readonly recipe?: RecipeObject | Recipe | string;
  /** The run's folder: new, or one to go on with. */
  readonly directory: string;
  /** Goes on with the run in `directory`. @defaultValue false */
  readonly resume?: boolean;
  /** Goes on although pictures were added, removed or replaced since the run began. @defaultValue false */
  readonly allowChangedData?: boolean;
  /** Stops at the first picture that cannot be read, instead of leaving it out. @defaultValue false */
  readonly strict?: boolean;
  /** Asks the run to finish its step, save and return. */
  readonly signal?: AbortSignal;
  /** Where to compute. @default "cpu" */
  readonly device?: Device;
  /** Threads of the computation; by default one per core. */
  readonly threadCount?: number;
}

/** The options of a run whose recipe is known. */
export type RunOptions = Omit<TrainOptions, "recipe"> & { readonly recipe: Recipe };

/** Whoever makes one by hand is told how. */
export const recipeKind: OptionKind = {
  expected: 'a recipe: an object such as { data: { path: "photos" } }, or the path of a recipe file',
  fits: (value) => typeof value === "string" || (typeof value === "object" && value !== null),
};

export const trainKinds: OptionKinds<TrainOptions> = {
  recipe: recipeKind,
  directory: optionKinds.text,
  resume: optionKinds.boolean,
  allowChangedData: optionKinds.boolean,
  strict: optionKinds.boolean,
  signal: optionKinds.signal,
  device: oneOf(devices),
  threadCount: wholeNumber(0),
  onStart: optionKinds.callback,
  onStep: optionKinds.callback,
  onValidation: optionKinds.callback,
  onNote: optionKinds.callback,
};

/** Where the loop ended. */
export interface RunResult {
  /** Updates done. */
  readonly step: number;
  /** Updates that the recipe asks for. */
  readonly totalSteps: number;
  /** Where the model lies; undefined when the run was interrupted. */
  readonly modelPath: string | undefined;
  /** The last validation's metrics; undefined where there was none. */
  readonly validation: ValidationMetrics | undefined;
}

/** Where a run ended, and what it left out. */
export interface TrainResult extends RunResult {
  /** How many files could not be read and were left out. */
  readonly skippedCount: number;
  /** What the listing of the pictures passed over, by kind; nothing for digits. */
  readonly leftOut: LeftOut;
}
