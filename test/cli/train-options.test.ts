/** `vaekit train`: what its options change of a run, what is refused before one begins, and what an early end leaves. */
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { flatConfig } from "../train/small-recipe.ts";
import { prepareTraining } from "../train/train-cli.ts";
import { listFiles, runCli, temporaryFolder, type Outcome } from "./run-cli.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
/** Where commands run: pictures and a recipe of two steps. */
let work: string;
let works = 0;

beforeAll(async () => {
  folder = await temporaryFolder();
  await mkdir(join(folder.path, "first"));
  const nothing = { every: 1000 };
  await prepareTraining(join(folder.path, "first"), {
    model: { config: flatConfig },
    data: { path: "pictures", resolution: 8, validation_count: 2 },
    steps: 2,
    loss: {},
    accumulate: 1,
    validation: { every: 2 },
    checkpoints: nothing,
    samples: nothing,
  });
});
beforeEach(async () => {
  work = join(folder.path, `work-${works++}`);
  await cp(join(folder.path, "first"), work, { recursive: true });
});
afterAll(() => folder.remove());

const train = (...args: string[]): Promise<Outcome> =>
  runCli(["train", ...args, "--threads", "1"], { cwd: work });
const recipeOf = async (run: string): Promise<Record<string, unknown>> =>
  JSON.parse(await readFile(join(work, run, "recipe.json"), "utf8")) as Record<string, unknown>;

describe("a run", () => {
  test("has the recipe's steps, and says where its model is", async () => {
    const { code, stdout, stderr } = await train("recipe.json", "--out", "run");
    expect([code, stdout]).toEqual([0, "Model: run/model\n"]);
    expect(stderr).toMatch(/^Training \d+ parameters on 12 examples for 2 steps\.\nstep 1\/2 \| /);
    expect(stderr).toMatch(/^validation at step 2: .*\d/m);
    expect(stderr).toMatch(/^step 2\/2 \| .* 0 s left$/m);
    expect(await listFiles(join(work, "run/model"))).toEqual([
      "config.json",
      "diffusion_pytorch_model.safetensors",
    ]);
  });

  test("has the keys of --set, and --steps above all", async () => {
    const args = [
      "--set",
      "steps=9",
      "--set",
      "batch_size=3",
      "--set",
      "optimizer.learning_rate=0.5",
      "--steps",
      "1",
    ];
    const { code, stdout } = await train("recipe.json", "--out", "run", ...args, "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      directory: "run",
      modelPath: "run/model",
      step: 1,
      totalSteps: 1,
      skippedCount: 0,
    });
    expect(await recipeOf("run")).toMatchObject({
      steps: 1,
      batch_size: 3,
      optimizer: { learning_rate: 0.5 },
    });
  });

  test("leaves out what is no picture, and counts it, unless it is strict", async () => {
    const broken = ["04", "05", "06", "07"].map((name) => join(work, `pictures/${name}.png`));
    for (const path of broken) await writeFile(path, "no picture");
    // Nearly every picture is met.
    const epoch = ["--set", "batch_size=6", "--steps", "3"];
    const { code, stderr } = await train("recipe.json", "--out", "run", ...epoch);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^vaekit: warning: [2-4] unreadable files were left out\.$/m);
    const strict = await train("recipe.json", "--out", "strict", "--strict", ...epoch);
    expect([strict.code, strict.stdout]).toEqual([1, ""]);
    expect(strict.stderr).toMatch(/^vaekit: pictures\/0[4-7]\.png: /m);
  });
});

describe("a run that is interrupted", () => {
  /** Presses Ctrl-C once the run has done its first step. */
  async function interrupted(...args: string[]): Promise<Outcome> {
    const running = train(...args);
    await vi.waitFor(
      async () => {
        expect(await readFile(join(work, "run/log.jsonl"), "utf8")).toContain('"step":1');
      },
      {
        timeout: 60_000,
        interval: 5,
      },
    );
    process.emit("SIGINT", "SIGINT");
    return running;
  }

  test("saves and exits 0, says how to go on, and goes on from there", async () => {
    const first = await interrupted("recipe.json", "--out", "run", "--steps", "400");
    expect(first.stderr).toMatch(
      /^vaekit: warning: interrupted: finishing this step and saving; press again to stop at once\.$/m,
    );
    const [, step] =
      /^Stopped at step (\d+) of 400\. Go on: vaekit train --resume --out run\n$/.exec(first.stdout) ?? [];
    expect(Number(step)).toBeGreaterThan(0);
    expect(first.code).toBe(0);

    await rm(join(work, "pictures/03.png"));
    const total = Number(step) + 1;
    const changed = await train("--resume", "--out", "run", "--steps", String(total));
    expect([changed.code, changed.stdout]).toEqual([1, ""]);
    expect(changed.stderr).toMatch(/--allow-changed-data/);

    const second = await train("--resume", "--out", "run", "--steps", String(total), "--allow-changed-data");
    expect([second.code, second.stdout]).toEqual([0, "Model: run/model\n"]);
    expect(second.stderr).toContain(`for ${total} steps, from step ${step}.\n`);
  });
});

describe("what cannot be meant is refused before anything is written:", () => {
  test.each<[string, string[], number, RegExp]>([
    ["no recipe", [], 2, /expected a recipe or a folder of pictures\. Add --help/],
    [
      "a folder that is not there",
      ["nowhere"],
      2,
      /nowhere: expected a recipe \(\.yaml, \.yml, \.json\) or a folder of pictures\./,
    ],
    ["a file of another kind", ["pictures/00.png"], 2, /pictures\/00\.png: expected a recipe/],
    [
      "a recipe beside --resume",
      ["recipe.json", "--resume"],
      2,
      /--resume goes on with the recipe of the run/,
    ],
    ["an unknown key", ["recipe.json", "--set", "stepz=1"], 1, /stepz/],
    ["a value without a key", ["recipe.json", "--set", "steps"], 1, /^vaekit: --set/],
    [
      "an unknown key of the default recipe",
      ["pictures", "--set", "stepz=1"],
      1,
      /the default recipe.*stepz/,
    ],
    ["a run that is not there", ["--resume"], 1, /run/],
    ["no steps", ["recipe.json", "--steps", "0"], 2, /--steps.*whole number from 1/],
  ])("%s", async (_, args, code, message) => {
    const before = await listFiles(work);
    const outcome = await train(...args, "--out", "run");
    expect(outcome.stderr).toMatch(message);
    expect([outcome.code, outcome.stdout]).toEqual([code, ""]);
    expect(await listFiles(work)).toEqual(before);
  });
});
