/** What a run writes into its log, and what a pause in between may not change of it. */
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { StepReport } from "../../src/training/index.ts";
import type { MetricsRecord } from "../../src/training/run-folder/index.ts";
import { eventsOf } from "./event-file.ts";
import { SmallRuns } from "./small-runs.ts";
import { bytesOf } from "./train-cli.ts";

let runs: SmallRuns;
beforeAll(async () => {
  runs = await SmallRuns.create("digits");
});
afterAll(() => runs.remove());

const resume = { resume: true } as const;

describe("the log of a run", () => {
  const sections = {
    steps: 7,
    log: { every: 3 },
    schedule: { type: "linear" },
    loss: { kl: { weight: 0.5, annealing: "linear", steps: 10 } },
  };
  const reports: StepReport[] = [];
  beforeAll(async () => {
    await runs.train("logged", sections, { onStep: (report) => reports.push(report) });
  });

  /** Without the validation's. */
  const linesOfSteps = async (): Promise<MetricsRecord[]> =>
    (await runs.log("logged")).filter((line) => !("validation" in line));

  /** The mean of a term over these steps. */
  const mean = (name: string, from: number, to: number): number => {
    const values = reports.slice(from - 1, to).map(({ terms }) => terms[name]!);
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  };

  it("has a line for every `log.every` steps and one for the last, each with the means since the line before", async () => {
    const lines = await linesOfSteps();
    expect(lines.map(({ step }) => step)).toEqual([3, 6, 7]);
    const windows = [
      [1, 3],
      [4, 6],
      [7, 7],
    ] as const;
    for (const [i, [from, to]] of windows.entries()) {
      const names = ["reconstruction", "kl", "gradient_norm", "loss"];
      expect(Object.keys(lines[i]!)).toEqual(["step", ...names, "learning_rate", "kl_weight"]);
      for (const name of names) expect(lines[i]![name]).toBe(mean(name, from, to));
    }
  });

  it("has the learning rate and the KL weight of the line's own step", async () => {
    const lines = await linesOfSteps();
    const rate = (step: number): number => 1e-2 * (1 - (step - 1) / 7);
    expect(lines.map((line) => line["learning_rate"])).toEqual([3, 6, 7].map(rate));
    expect(lines.map((line) => line["kl_weight"])).toEqual([0.1, 0.25, 0.3]);
  });

  it("is told to the caller step by step, and its lines to TensorBoard with the speed", async () => {
    expect(reports.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    const lines = await linesOfSteps();
    const timing = (await readFile(runs.at("logged", "timing.jsonl"), "utf8")).trimEnd().split("\n");
    const speeds = timing.map((line) => JSON.parse(line) as { step: number; images_per_second: number });
    expect(speeds.map(({ step }) => step)).toEqual([3, 6, 7]);
    const points = (await eventsOf(runs.at("logged"))).filter(({ tag }) => tag.startsWith("train/"));
    for (const [i, line] of lines.entries()) {
      const { step, ...values } = { ...line, images_per_second: speeds[i]!.images_per_second };
      const found = points.filter((point) => point.step === step);
      expect(Object.fromEntries(found.map(({ tag, value }) => [tag, value]))).toEqual(
        Object.fromEntries(
          Object.entries(values).map(([name, value]) => [`train/${name}`, Math.fround(value)]),
        ),
      );
    }
    expect(points).toHaveLength(3 * 7);
  });

  it("counts the pictures of all batches of a step for its speed", async () => {
    const speeds: number[] = [];
    const startMs = performance.now();
    await runs.train(
      "speed",
      { steps: 1, accumulate: 3 },
      { onStep: (_, imagesPerSecond) => speeds.push(imagesPerSecond) },
    );
    const seconds = (performance.now() - startMs) / 1000;
    // Six pictures in less time than the whole run took.
    expect(speeds[0]).toBeGreaterThan(6 / seconds);
  });
});

describe("a run that is paused within a line of its log, and goes on", () => {
  /** An average and accumulated gradients; resume.test.ts has an adversary, too. */
  const sections = {
    steps: 8,
    log: { every: 3 },
    accumulate: 2,
    ema: { decay: 0.9 },
    validation: { every: 4 },
    samples: { every: 5, count: 1 },
    checkpoints: { every: 3, keep: 2 },
  };

  it.each(["philox", "torch"])("writes the same bytes as one that is not, with %s", async (randomness) => {
    const recipe = { ...sections, randomness };
    const [whole, paused] = [`whole-${randomness}`, `paused-${randomness}`];
    await runs.train(whole, recipe);
    // In a line, at its end, and at steps that have a checkpoint of their own.
    for (const [stop, options] of [
      [2, {}],
      [5, resume],
      [6, resume],
      [7, resume],
    ] as const) {
      expect(await runs.trainTo(stop, paused, recipe, options)).toMatchObject({
        step: stop,
        modelPath: undefined,
      });
    }
    await runs.train(paused, recipe, resume);
    expect(await bytesOf(runs.at(paused))).toEqual(await bytesOf(runs.at(whole)));
  });

  it("takes over what a checkpoint of before counts of a line", async () => {
    // Checkpoints had no window's counts once, and a window of terms that all began together.
    const recipe = { steps: 3, log: { every: 3 } };
    const lines: number[] = [];
    await runs.trainTo(2, "window", recipe, {});
    await runs.train("window", recipe, { ...resume, onStep: ({ terms }) => lines.push(terms["loss"]!) });
    const reports: number[] = [];
    await runs.train("window-whole", recipe, { onStep: ({ terms }) => reports.push(terms["loss"]!) });
    expect(lines).toEqual([reports[2]]);
    const [line] = await runs.log("window");
    expect(line!["loss"]).toBe(reports.reduce((sum, value) => sum + value, 0) / 3);
  });
});
