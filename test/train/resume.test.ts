/** A run that was killed or interrupted, and resumed, writes the same bytes as one that was left alone. */
import { readdir, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { formatRecipe } from "../../src/recipe/index.ts";
import { flatConfig } from "./small-recipe.ts";
import { SmallRuns } from "./small-runs.ts";
import { bytesOf, runTrain, type TrainSettings } from "./train-cli.ts";

describe("a run with everything that has a state", () => {
  it("goes on in the middle of a step's line of the log, an adversary's first steps and an epoch", async () => {
    const runs = await SmallRuns.create("pictures", 6);
    const sections = {
      model: { config: flatConfig },
      steps: 4,
      log: { every: 3 },
      loss: {
        reduction: "ldm",
        learn_logvar: true,
        adversarial: { weight: 0.5, start_step: 1, channels: 4, layers: 1 },
      },
      optimizer: { learning_rate: 1e-3, clip_norm: 1 },
      ema: { decay: 0.99 },
      // Five pictures, one in a batch: two and a half steps in an epoch.
      data: { validation_count: 1, flip: true },
      batch_size: 1,
      accumulate: 2,
      samples: { count: 1 },
    };
    await runs.train("whole", sections);
    const controller = new AbortController();
    const { step } = await runs.train("paused", sections, {
      signal: controller.signal,
      onStep: (report) => {
        if (report.step === 2) controller.abort();
      },
    });
    expect(step).toBe(2);
    await runs.train("paused", sections, { resume: true });
    expect(await bytesOf(runs.at("paused"))).toEqual(await bytesOf(runs.at("whole")));
    const [line] = await runs.log("whole");
    expect(Object.keys(line!)).toEqual(
      expect.arrayContaining(["logvar", "generator", "adaptive_weight", "discriminator"]),
    );
    await runs.remove();
  });
});

// What only a process of its own can show: its end at any moment, and a signal from outside.
describe.runIf(process.platform !== "win32")("the program", () => {
  let runs: SmallRuns;
  const sections = {
    steps: 12,
    ema: { decay: 0.99 },
    accumulate: 2,
    validation: { every: 7 },
    checkpoints: { every: 5, keep: 2 },
    samples: { every: 3, count: 2 },
    log: { every: 4 },
  };
  beforeAll(async () => {
    runs = await SmallRuns.create("digits");
    for (const randomness of ["philox", "torch"]) {
      const recipe = formatRecipe(runs.recipe({ ...sections, randomness }));
      await writeFile(runs.at(`${randomness}.json`), JSON.stringify(recipe));
      await runs.train(`whole-${randomness}`, { ...sections, randomness });
    }
  });
  afterAll(() => runs.remove());

  /** Runs `vaekit train` in a process that gets this signal just before it renames something to such a path. */
  const signalled = (
    out: string,
    args: readonly string[],
    signalBeforeRenameTo: TrainSettings["signalBeforeRenameTo"],
  ) => runTrain(out, args, { cwd: runs.path, signalBeforeRenameTo });

  async function killed(out: string, args: readonly string[], path: string): Promise<string[]> {
    const { signal, code } = await signalled(out, args, { signal: "SIGKILL", path });
    expect(signal ?? code).toBe("SIGKILL");
    return readdir(runs.at(out, "checkpoints")).catch(() => []);
  }

  const finish = async (out: string, randomness: string): Promise<void> => {
    await runs.train(out, { ...sections, randomness }, { resume: true });
    expect(await bytesOf(runs.at(out))).toEqual(await bytesOf(runs.at(`whole-${randomness}`)));
  };

  it("that is killed while it writes, while it trains and at its end goes on to the same bytes", async () => {
    const left = await killed("killed", ["philox.json"], "/state.json");
    // Nothing but what has an unfinished one's name.
    expect(left.join()).toMatch(/^\.step-000005\.[0-9a-f]{8}\.partial$/);
    // Two steps after the checkpoint of step 5, within a line of the log.
    expect(await killed("killed", ["--resume"], "step-000006-prior.png")).toEqual(["step-000005"]);
    expect(await killed("killed", ["--resume"], "/model")).toEqual(["step-000010", "step-000012"]);
    await finish("killed", "philox");
  });

  it("with PyTorch's one sequence of draws does so, too", async () => {
    await killed("killed-torch", ["torch.json"], "step-000009-prior.png");
    await finish("killed-torch", "torch");
  });

  it.each([
    ["SIGINT", "/state.safetensors"],
    ["SIGTERM", "/step-000005"],
  ] as const)(
    "that gets %s in the middle of a checkpoint, before %s is there, makes it whole and ends well",
    async (signal, path) => {
      const out = `interrupted-${signal}`;
      const outcome = await signalled(out, ["philox.json"], { signal, path });
      expect(outcome.stderr).toMatch(/interrupted: finishing this step and saving/);
      expect(outcome).toMatchObject({
        code: 0,
        stdout: `Stopped at step 5 of 12. Go on: vaekit train --resume --out ${out}\n`,
      });
      expect(await readdir(runs.at(out, "checkpoints"))).toEqual(["step-000005"]);
      expect(await readdir(runs.at(out))).not.toContain("train.lock");
      await finish(out, "philox");
    },
  );
});
