/** The loop of a run: step after step, and what is logged, judged and saved on the way. */
import { rm } from "node:fs/promises";
import { measureScaling, type LatentFactors, type StepReport, type WeightsKind } from "../train/index.ts";
import { listCheckpoints, type Checkpoint, type JsonValue } from "./run-folder/index.ts";
import type { RunResult, ValidationMetrics } from "./options.ts";
import { writeCurves } from "./curves.ts";
import { writeSampleSheets } from "./sample-sheets.ts";
import { measuredScale, measureLikelihood } from "./likelihood.ts";
import type { RunLoopParts } from "./run-loop-parts.ts";
import { writeModel } from "./write-model.ts";
import { validate } from "./validate.ts";

/** Sums of the terms since the last line of the log; an adversary's terms may begin in the middle. */
interface Window {
  sums: Record<string, number>;
  counts: Record<string, number>;
}

export class RunLoop {
  readonly #parts: RunLoopParts;
  #window: Window = { sums: {}, counts: {} };
  #validation: ValidationMetrics | undefined;

  constructor(parts: RunLoopParts) {
    this.#parts = parts;
  }

  /** Takes over what the log had gathered when the checkpoint was written. */
  restore(checkpoint: Checkpoint | undefined): void {
    if (checkpoint === undefined) return;
    const { sums, counts = {} } = (checkpoint.state as unknown as { window: Partial<Window> }).window;
    this.#window = { sums: sums ?? {}, counts };
  }

  async run(): Promise<RunResult> {
    const { engine, totalSteps, options, data } = this.#parts;
    const isFinished = engine.step === totalSteps && engine.step > 0;
    // Whoever was killed in the last checkpoint has not removed the older ones.
    if (isFinished) await this.#checkpoint();
    // A finished run that is asked for its likelihood afterwards.
    if (isFinished && options.recipe.validation.likelihoodSamples !== null) await this.#validate(totalSteps);
    while (engine.step < totalSteps && options.signal?.aborted !== true) {
      const startMs = performance.now();
      let examples = 0;
      const report = await engine.advance(async (index) => {
        const sample = await data.source.batch(index);
        examples += sample.shape[0]!;
        return sample;
      });
      const seconds = (performance.now() - startMs) / 1000;
      this.#log(report, examples / seconds);
      await this.#atMilestones(report.step);
    }
    if (engine.step < totalSteps) {
      await this.#checkpoint();
      return { step: engine.step, totalSteps, modelPath: undefined, validation: this.#validation };
    }
    return this.#finish();
  }

  #log(report: StepReport, imagesPerSecond: number): void {
    const { run, options, totalSteps } = this.#parts;
    const { step, terms } = report;
    options.onStep?.(report, imagesPerSecond);
    const { sums, counts } = this.#window;
    for (const [name, value] of Object.entries(terms)) {
      sums[name] = (sums[name] ?? 0) + value;
      counts[name] = (counts[name] ?? 0) + 1;
    }
    if (step % options.recipe.log.every !== 0 && step !== totalSteps) return;
    // In the order of the step, since a window out of a checkpoint has another.
    const means = Object.fromEntries(
      Object.keys(terms).map((name) => [name, (sums[name] ?? 0) / (counts[name] ?? 1)]),
    );
    const values = { ...means, learning_rate: report.learningRate, kl_weight: report.klWeight };
    run.log.append({ step, ...values });
    run.timing.append({ step, images_per_second: imagesPerSecond, time: new Date().toISOString() });
    run.events.scalars(step, { ...prefixed("train/", values), "train/images_per_second": imagesPerSecond });
    this.#window = { sums: {}, counts: {} };
  }

  async #atMilestones(step: number): Promise<void> {
    const { totalSteps, options } = this.#parts;
    const { recipe } = options;
    const { validation, samples, checkpoints } = recipe;
    const isLast = step === totalSteps;
    if (isLast || isMultiple(step, validation.every)) await this.#validate(step);
    if (isLast || isMultiple(step, samples.every)) await writeSampleSheets(this.#parts);
    if (isLast || isMultiple(step, checkpoints.every)) await this.#checkpoint();
  }

  async #validate(step: number): Promise<void> {
    const { options, data, run } = this.#parts;
    if (!data.hasValidation) return;
    const isLast = step === this.#parts.totalSteps;
    this.#validation = {
      ...(await validate(this.#parts)),
      ...(isLast ? await measureLikelihood(this.#parts) : {}),
    };
    run.log.append({ step, validation: { ...this.#validation } });
    run.events.scalars(step, prefixed("validation/", this.#validation));
    options.onValidation?.(step, this.#validation);
  }

  /** Writes a checkpoint. One off the schedule, of an interruption, goes when the next one on it is there. */
  async #checkpoint(): Promise<void> {
    const { engine, run, options, randomness, totalSteps, model } = this.#parts;
    const { every, keep } = options.recipe.checkpoints;
    const isScheduled = (step: number): boolean => step === totalSteps || isMultiple(step, every);
    const content = {
      step: engine.step,
      tensors: await engine.tensors(),
      state: {
        batches: engine.batches,
        randomness: randomness.state(),
        window: this.#window,
      } as unknown as JsonValue,
      fingerprint: { model: model.architecture } as JsonValue,
    };
    if (!isScheduled(engine.step)) {
      await run.writeCheckpoint(content);
      return;
    }
    const interim = (await listCheckpoints(run.checkpointsPath)).filter(({ step }) => !isScheduled(step));
    await run.writeCheckpoint(content, { keep: keep + interim.length });
    for (const { path } of interim) await rm(path, { recursive: true, force: true });
  }

  async #finish(): Promise<RunResult> {
    const { engine, run, options, model, totalSteps } = this.#parts;
    const kind = options.recipe.ema === null ? "raw" : "ema";
    const measured = { factors: await this.#factors(kind), scale: await measuredScale(this.#parts, kind) };
    const trained = await engine.parameters(kind);
    const modelPath = await run.writeModel((folder) => writeModel(folder, model.content(trained, measured)));
    await writeCurves(run, `${model.layout.size} parameters, ${engine.step} steps`);
    return { step: engine.step, totalSteps, modelPath, validation: this.#validation };
  }

  /** What replaces the config's scaling; undefined where that is kept. */
  async #factors(kind: WeightsKind): Promise<LatentFactors | undefined> {
    const { model, options } = this.#parts;
    const { latents } = model;
    if (latents === undefined || latents.calibration === "keep") return undefined;
    const measured = await this.#measure(latents.channels, kind);
    if (latents.calibration === "replace") return measured;
    options.onNote?.(
      `Kept the pretrained model's ${latents.scaling}. The trained encoder's latents measure ${measured.scalingFactor} and ${measured.shiftFactor}; set model.calibrate to write those.`,
    );
    return undefined;
  }

  async #measure(channels: number, kind: WeightsKind): Promise<LatentFactors> {
    const { engine, data, options } = this.#parts;
    const source = await data.openForReview();
    try {
      return await measureScaling(engine, { channels, source, batchSize: options.recipe.batchSize, kind });
    } finally {
      await source.dispose();
    }
  }
}

/** Whether a step after the start is on the schedule. */
const isMultiple = (step: number, every: number | null): boolean =>
  every !== null && step > 0 && step % every === 0;

const prefixed = (prefix: string, values: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}${name}`, value]));
