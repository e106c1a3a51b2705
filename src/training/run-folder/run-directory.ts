/**
 * The folder of one run:
 *
 * ```
 * recipe.json          what is trained, and how
 * data.jsonl           the pictures that it was started with: names, sizes, digests
 * log.jsonl            metrics; the same bytes for the same recipe
 * timing.jsonl         times and images per second
 * events.out.tfevents… the same for TensorBoard
 * checkpoints/         step-000500/ and so on
 * samples/             pictures
 * model/               the trained model, at the end
 * train.lock           while a process trains here
 * ```
 */
import { basename, join } from "node:path";
import { VaekitError } from "../../errors.ts";
import {
  readJsonFile,
  writeFileAtomic,
  type FileContent,
  makeFolder,
  removeLeftovers,
  writeFolderAtomic,
} from "../../files/node/index.ts";
import {
  discardCheckpointsAfter,
  latestCheckpoint,
  latestUsableCheckpoint,
  writeCheckpoint,
  type Checkpoint,
  type CheckpointContent,
  type CheckpointPlace,
  type DamagedCheckpoint,
  type WriteCheckpointOptions,
} from "./checkpoint.ts";
import type { ExpectedCheckpoint } from "./checkpoint-fit.ts";
import type { JsonValue } from "./canonical-json.ts";
import { RunLock } from "./lock.ts";
import { MetricsLog, type Truncation } from "./metrics-log.ts";
import {
  checkIsFree,
  checkIsRun,
  lockFile,
  logFile,
  recipeFile,
  removeFreshFiles,
  removeMadeFolders,
  timingFile,
} from "./run-place.ts";
import { EventFileWriter } from "./tensorboard.ts";
import { quote } from "../../util/printable.ts";

/** A run that goes on. */
export interface ResumedRun {
  readonly run: RunDirectory;
  /** Where it goes on from; undefined when it was stopped before its first checkpoint, and so starts again. */
  readonly checkpoint: Checkpoint | undefined;
  /** Newer checkpoints that could not be read. They now lie beside the others, with `.discarded` at the end. */
  readonly damaged: readonly DamagedCheckpoint[];
  /** What was cut off the log. */
  readonly log: Truncation;
}

/** The open folder of a run; only one process has it at a time. */
export class RunDirectory implements Disposable {
  readonly path: string;
  readonly checkpointsPath: string;
  readonly samplesPath: string;
  readonly modelPath: string;
  /** Metrics, without times. */
  readonly log: MetricsLog;
  readonly timing: MetricsLog;
  readonly events: EventFileWriter;
  readonly #lock: RunLock;
  /** The topmost folder that `create` has made; undefined when the run's folder was there. */
  #madeFolder: string | undefined;

  private constructor(
    path: string,
    lock: RunLock,
    log: MetricsLog,
    timing: MetricsLog,
    events: EventFileWriter,
  ) {
    this.path = path;
    this.checkpointsPath = join(path, "checkpoints");
    this.samplesPath = join(path, "samples");
    this.modelPath = join(path, "model");
    this.#lock = lock;
    this.log = log;
    this.timing = timing;
    this.events = events;
  }

  /**
   * Starts a run in a new or empty folder.
   *
   * @param recipe what recipe.json will hold.
   * @throws INVALID_ARGUMENT when the folder holds a run, or anything else; IO.
   */
  static async create(path: string, recipe: JsonValue): Promise<RunDirectory> {
    const text = recipeText(recipe);
    await checkIsFree(path);
    const madeFolder = await makeFolder(path);
    try {
      return await withLock(path, async (lock) => {
        // Another process may have been quicker.
        await checkIsFree(path);
        await removeLeftovers(path);
        try {
          await writeFileAtomic(join(path, recipeFile), text);
          const run = await RunDirectory.#open(path, lock, undefined);
          run.#madeFolder = madeFolder;
          return run;
        } catch (error) {
          await removeFreshFiles(path);
          throw error;
        }
      });
    } catch (error) {
      await removeMadeFolders(path, madeFolder);
      throw error;
    }
  }

  /** @throws INVALID_ARGUMENT where `create` would: the folder holds a run, or anything else. */
  static checkIsFree(path: string): Promise<void> {
    return checkIsFree(path);
  }

  /**
   * Closes a run that `create` has started and that failed before its first step, and removes it, so that nothing
   * is in the way of another try.
   */
  async discard(): Promise<void> {
    for (const open of [this.log, this.timing, this.events]) open[Symbol.dispose]();
    await removeFreshFiles(this.path);
    this[Symbol.dispose]();
    await removeMadeFolders(this.path, this.#madeFolder);
  }

  /**
   * Goes on with a run: cleans up after a killed process, finds the newest checkpoint that is whole, and takes the
   * logs back to it.
   *
   * @param expected what the checkpoint must fit.
   * @throws NOT_FOUND when the folder holds no run; INVALID_FILE when every checkpoint is damaged; WEIGHTS_MISMATCH
   *   when the checkpoint is of another architecture; IO, also while another process trains here.
   */
  static async resume(path: string, expected: ExpectedCheckpoint = {}): Promise<ResumedRun> {
    await checkIsRun(path);
    return withLock(path, async (lock) => {
      const checkpoints = join(path, "checkpoints");
      for (const folder of [path, checkpoints, join(path, "samples")]) await removeLeftovers(folder);
      const { checkpoint, damaged } = await latestUsableCheckpoint(checkpoints, expected);
      if (checkpoint === undefined && damaged.length > 0) throw allDamaged(path, damaged);
      // Without a checkpoint the run starts again, and writes its records of step 0 again.
      const step = checkpoint?.step ?? -1;
      await discardCheckpointsAfter(checkpoints, step);
      const log = await takeBack(join(path, logFile), step);
      await takeBack(join(path, timingFile), step);
      return { run: await RunDirectory.#open(path, lock, step), checkpoint, damaged, log };
    });
  }

  /**
   * The recipe of a run, as {@link create} was given it. Needs no lock.
   *
   * @throws NOT_FOUND when the folder holds no run; INVALID_FILE when its recipe is no JSON; IO.
   */
  static async readRecipe(path: string): Promise<JsonValue> {
    await checkIsRun(path);
    return (await readJsonFile(join(path, recipeFile))) as JsonValue;
  }

  static async #open(path: string, lock: RunLock, resumedStep: number | undefined): Promise<RunDirectory> {
    const open: Disposable[] = [];
    const kept = <T extends Disposable>(file: T): T => {
      open.push(file);
      return file;
    };
    try {
      const events = kept(await EventFileWriter.open(path, { resumedStep }));
      const log = kept(MetricsLog.open(join(path, logFile)));
      const timing = kept(MetricsLog.open(join(path, timingFile)));
      return new RunDirectory(path, lock, log, timing, events);
    } catch (error) {
      for (const file of open) file[Symbol.dispose]();
      throw error;
    }
  }

  /** Replaces the recipe, for a run that goes on for longer, say. */
  async writeRecipe(recipe: JsonValue): Promise<void> {
    await writeFileAtomic(join(this.path, recipeFile), recipeText(recipe));
  }

  /**
   * Writes a checkpoint, and the log up to it, so that both outlive a power cut. See `writeCheckpoint` of
   * checkpoint.ts for what it throws.
   *
   * @returns the checkpoint's path.
   */
  async writeCheckpoint(content: CheckpointContent, options: WriteCheckpointOptions = {}): Promise<string> {
    this.log.sync();
    this.timing.sync();
    return writeCheckpoint(this.checkpointsPath, content, options);
  }

  /** Where the run could go on from, for messages; not checked. */
  async lastCheckpoint(): Promise<CheckpointPlace | undefined> {
    return latestCheckpoint(this.checkpointsPath);
  }

  /**
   * Writes a file into `samples`: "step-000500-reconstructions.png".
   *
   * @returns its path.
   * @throws IO.
   */
  async writeSample(name: string, content: FileContent): Promise<string> {
    if (name !== basename(name)) {
      throw new VaekitError("INVALID_ARGUMENT", `writeSample: expected a file's name, found ${quote(name)}.`);
    }
    await makeFolder(this.samplesPath);
    const path = join(this.samplesPath, name);
    await writeFileAtomic(path, content);
    return path;
  }

  /**
   * Writes the folder `model`, whole or not at all; an older one is replaced.
   *
   * @param fill writes the files into the folder that it is given.
   * @returns its path.
   */
  async writeModel(fill: (folder: string) => Promise<void>): Promise<string> {
    await writeFolderAtomic(this.modelPath, fill);
    return this.modelPath;
  }

  /** Closes the files and gives the lock back. */
  [Symbol.dispose](): void {
    this.log[Symbol.dispose]();
    this.timing[Symbol.dispose]();
    this.events[Symbol.dispose]();
    this.#lock[Symbol.dispose]();
  }
}

/** Does something with a run's lock in hand, which stays with the result; a failure gives it back. */
async function withLock<T>(path: string, work: (lock: RunLock) => Promise<T>): Promise<T> {
  const lock = await RunLock.acquire(join(path, lockFile));
  try {
    return await work(lock);
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}

/** A person reads it, so its keys keep their order. */
function recipeText(recipe: JsonValue): string {
  return `${JSON.stringify(recipe, null, 2)}\n`;
}

async function takeBack(path: string, step: number): Promise<Truncation> {
  using log = MetricsLog.open(path);
  return await log.truncateAfter(step);
}

function allDamaged(path: string, damaged: readonly DamagedCheckpoint[]): VaekitError {
  return new VaekitError(
    "INVALID_FILE",
    `${path}: no checkpoint of this run is whole, so it cannot go on. The newest: ${damaged[0]!.error.message}`,
    { cause: damaged[0]!.error },
  );
}
