/** What goes wrong with training: one clear error, nothing half-written, and the last good checkpoint goes on. */
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { applyOverrides, formatRecipe } from "../../src/recipe/index.ts";
import { readRunRecipe, train } from "../../src/training/index.ts";
import { saveTinyModel, type Outcome } from "../cli/run-cli.ts";
import { FileCalls } from "./file-calls.ts";
import { SmallRuns } from "./small-runs.ts";
import { bytesOf, runTrain } from "./train-cli.ts";

let pictures: SmallRuns;
let digits: SmallRuns;
beforeAll(async () => {
  pictures = await SmallRuns.create("pictures", 14);
  digits = await SmallRuns.create("digits", 14);
});
afterAll(async () => {
  await pictures.remove();
  await digits.remove();
});

describe("a run that cannot start leaves no folder", () => {
  let count = 0;

  /** Starts a run with a new folder, below one that is new too. */
  async function expectNoStart(overrides: readonly string[], code: string, message: RegExp): Promise<void> {
    const recipe = applyOverrides(
      {
        model: { config: { block_out_channels: [4, 4], norm_num_groups: 2, mid_block_add_attention: false } },
        data: { path: pictures.at("pictures"), resolution: 16, validation_count: 2 },
        batch_size: 4,
        steps: 4,
      },
      overrides,
    );
    const out = `new-${count++}`;
    const running = train({ recipe: recipe as never, directory: pictures.at(out, "run"), threadCount: 1 });
    await expect(running).rejects.toMatchObject({
      name: "VaekitError",
      code,
      message: expect.stringMatching(message) as string,
    });
    expect(await readdir(pictures.path)).not.toContain(out);
  }

  it("for want of pictures", async () => {
    const at = (name: string): string => pictures.at(name);
    for (const name of ["empty", "texts", "fakes"]) await mkdir(at(name));
    await writeFile(pictures.at("texts", "a.txt"), "a");
    for (const name of ["a.png", "b.png"]) await writeFile(pictures.at("fakes", name), "no picture");
    const from = (name: string): string[] => [`data.path=${at(name)}`];
    await expectNoStart(from("empty"), "INVALID_FILE", /empty: expected pictures .* found an empty folder/);
    await expectNoStart(
      from("texts"),
      "INVALID_FILE",
      /texts: expected pictures .* found only 1 other files/,
    );
    const all = [...from("fakes"), "batch_size=1", "data.validation_count=0"];
    await expectNoStart(all, "INVALID_FILE", /at least one readable picture among 2 files, found none/);
    await expectNoStart(from("nowhere"), "NOT_FOUND", /nowhere: no such folder/);
  });

  it.each([
    [
      "batch_size=13",
      "INVALID_ARGUMENT",
      /batch size: expected at most the number of examples, 12, found 13/,
    ],
    ["data.resolution=15", "INVALID_CONFIG", /data\.resolution: .* factor 2, found 15; write 14 or 16/],
    ["optimizer.momentum=1", "INVALID_CONFIG", /optimizer\.momentum: no such key/],
    ["steps=many", "INVALID_CONFIG", /steps: expected .* found "many"/],
    ["optimizer.learning_rate=1e400", "INVALID_CONFIG", /optimizer\.learning_rate/],
    ["data.validation_count=14", "INVALID_ARGUMENT", /data\.validation_count: expected fewer than the 14/],
    ["model.trainable=[decoder.*]", "INVALID_CONFIG", /model\.trainable: only a pretrained model/],
    [
      "loss.adversarial={weight: 1}",
      "INVALID_CONFIG",
      /loss\.adversarial\.layers.* at least 24 pixels, found 16/,
    ],
    ["loss.perceptual={weights: none.safetensors}", "NOT_FOUND", /none\.safetensors: no such file/],
    [
      "loss.distillation={teacher: ./none}",
      "NOT_FOUND",
      /\.\/none: no such model: there is no folder or file/,
    ],
    ["loss.distillation={teacher: none.ckpt}", "NOT_FOUND", /none\.ckpt: no such model: there is no folder/],
    ["loss.kl.weight=1e39", "RUNTIME", /^Step 1: loss is /],
  ])("with %s", (override, code, message) => expectNoStart([override], code, message));

  it("with a model that does not fit", async () => {
    // Eight pixels and four channels to a latent; the recipe's own has two pixels.
    const model = pictures.at("model");
    await saveTinyModel(model);
    await expectNoStart(
      [`loss.distillation={teacher: ${model}}`],
      "INVALID_CONFIG",
      /loss\.distillation\.teacher: expected .* \[1, 4, 8, 8\] .* found \[1, 4, 2, 2\] in .*model/,
    );
    const pretrained = ["model.config=null", `model.pretrained=${model}`];
    const expectRefused = (more: string[], message: RegExp): Promise<void> =>
      expectNoStart([...pretrained, ...more], "INVALID_CONFIG", message);
    await expectRefused(["data.resolution=20"], /data\.resolution: .* factor 8.*found 20/);
    await expectRefused(["data.channels=1"], /data\.channels: .* 3 channels in/);
    const encoder = ["model.trainable=[encoder.*]", "loss.adversarial={weight: 1, layers: 1}"];
    await expectRefused(encoder, /loss\.adversarial: .* model\.trainable/);
  });
});

describe("a folder for the run that is taken", () => {
  it("is left as it is", async () => {
    const taken = digits.at("taken");
    await mkdir(taken);
    await writeFile(join(taken, "notes.txt"), "mine");
    await expect(digits.train("taken")).rejects.toThrow("taken: expected a new or empty folder");
    await expect(train({ directory: taken, resume: true })).rejects.toThrow(
      "taken: expected the folder of a run",
    );
    await expect(digits.train("taken", {}, { resume: true })).rejects.toThrow(
      "taken: expected the folder of a run",
    );
    expect(await readdir(taken)).toEqual(["notes.txt"]);
    await expect(digits.train(join("taken", "notes.txt"))).rejects.toThrow("found a file");
  });
});

describe("a run with checkpoints", () => {
  const sections = { steps: 4, checkpoints: { every: 2 } };
  let whole: Record<string, string>;

  beforeAll(async () => {
    await digits.train("whole", sections);
    whole = await bytesOf(digits.at("whole"));
    using files = new FileCalls((call) => {
      if (/^rename \S+ \S+step-000004$/.test(call)) throw Object.assign(new Error("no"), { code: "EIO" });
    });
    await expect(digits.train("half", sections)).rejects.toMatchObject({ code: "IO" });
    expect(files.calls).not.toEqual([]);
    expect(await digits.checkpoints("half")).toEqual(["step-000002"]);
  });

  /** A copy of a run that has a checkpoint of step 2, and logs beyond it. */
  async function copy(name: string): Promise<string> {
    await cp(digits.at("half"), digits.at(name), { recursive: true });
    return digits.at(name);
  }

  async function goOn(
    name: string,
    overrides: readonly string[] = [],
    notes: string[] = [],
  ): Promise<unknown> {
    const recipe = await readRunRecipe(digits.at(name), { overrides });
    const onNote = (note: string): number => notes.push(note);
    return train({ recipe, directory: digits.at(name), resume: true, threadCount: 1, onNote });
  }

  /** Trains to the end, and finds what a run that was never stopped has written. */
  async function expectGoesOn(name: string, ...overrides: string[]): Promise<string[]> {
    const notes: string[] = [];
    expect(await goOn(name, overrides, notes)).toMatchObject({
      step: 4,
      modelPath: digits.at(name, "model"),
    });
    const files = Object.entries(await bytesOf(digits.at(name)));
    expect(Object.fromEntries(files.filter(([path]) => !path.includes(".discarded/")))).toEqual(whole);
    return notes;
  }

  it("is not started again", async () => {
    const before = await bytesOf(await copy("again"));
    await expect(digits.train("again", sections)).rejects.toThrow(
      "again: this folder holds a run already. Pass `resume: true` to go on",
    );
    expect(await bytesOf(digits.at("again"))).toEqual(before);
  });

  it("does not go on as another architecture", async () => {
    const before = await bytesOf(await copy("other"));
    await expect(goOn("other", ["model.latent_size=3"])).rejects.toThrow(
      /another architecture: .*latent_size is 2 in the checkpoint, 3 in the recipe/,
    );
    expect(await bytesOf(digits.at("other"))).toEqual(before);
    await expectGoesOn("other");
  });

  it("goes on after the disk was full", async () => {
    await copy("full");
    {
      using files = new FileCalls((call) => {
        if (/^sync \S+step-000004\S+state\.safetensors/.test(call))
          throw Object.assign(new Error("full"), { code: "ENOSPC" });
      });
      await expect(goOn("full")).rejects.toThrow(
        /step-000004: the checkpoint could not be written: the disk is full.*The last good checkpoint is .*step-000002/,
      );
      expect(files.calls).not.toEqual([]);
    }
    expect(await digits.checkpoints("full")).toEqual(["step-000002"]);
    expect(await readdir(digits.at("full"))).not.toContain("train.lock");
    await expectGoesOn("full");
  });

  it("goes on from the checkpoint before a damaged one", async () => {
    const path = await copy("damaged");
    const newest = join(path, "checkpoints", "step-000003");
    await cp(join(path, "checkpoints", "step-000002"), newest, { recursive: true });
    const bytes = await readFile(join(newest, "state.safetensors"));
    bytes[bytes.length - 1]! ^= 1;
    await writeFile(join(newest, "state.safetensors"), bytes);
    const notes = await expectGoesOn("damaged");
    expect(notes).toEqual([
      expect.stringMatching(/^Passed over \S*step-000003: .*state\.safetensors: the file is damaged/),
    ]);
  });

  it("does not go on when every checkpoint is damaged", async () => {
    const path = await copy("lost");
    await writeFile(join(path, "checkpoints", "step-000002", "state.json"), "{}");
    const before = await bytesOf(path);
    await expect(goOn("lost")).rejects.toThrow("no checkpoint of this run is whole");
    expect(await bytesOf(path)).toEqual(before);
  });

  it("starts again where it was stopped before its first checkpoint", async () => {
    const path = await copy("early");
    await rm(join(path, "checkpoints"), { recursive: true });
    await expectGoesOn("early");
  });

  it("keeps its checkpoint when the loss is no number later", async () => {
    await copy("diverged");
    const before = await bytesOf(digits.at("diverged", "checkpoints"));
    await expect(goOn("diverged", ["optimizer.learning_rate=1e30"])).rejects.toThrow(
      /Step 4: \w+ is (NaN|-?Infinity).*Lower the learning rate/,
    );
    expect(await bytesOf(digits.at("diverged", "checkpoints"))).toEqual(before);
    await expectGoesOn("diverged", "optimizer.learning_rate=0.01");
  });

  it("keeps what it has when a new run fails after its first step", async () => {
    const running = digits.train("later", { ...sections, optimizer: { learning_rate: 1e30 } });
    await expect(running).rejects.toThrow(/^Step \d+: /);
    expect(await readdir(digits.at("later"))).toEqual(expect.arrayContaining(["recipe.json", "log.jsonl"]));
    expect(await readdir(digits.at("later"))).not.toContain("train.lock");
  });
});

describe("the command line", () => {
  /** The error, one or two lines long, without a stack. */
  function expectOneError({ code, stdout, stderr }: Outcome, message: RegExp, exitCode: number): void {
    const lines = stderr.split("\n").filter((line) => line.startsWith("vaekit: "));
    expect(lines).toHaveLength(1);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(stderr).not.toMatch(/not a known error/);
    expect(stderr.trimEnd().split("\n").length).toBeLessThanOrEqual(2);
    expect({ stdout, code }).toEqual({ stdout: "", code: exitCode });
  }

  it.concurrent.each([
    [["recipe.toml"], /recipe\.toml: expected a recipe/],
    [[], /expected a recipe or a folder of pictures/],
    [["recipe.json", "--steps", "0.5"], /--steps/],
    [["recipe.json", "--resume"], /--resume goes on with the recipe of the run/],
  ])("%j is a mistake in its use", async (args, message) => {
    expectOneError(await runTrain("cli-new", args, { cwd: digits.path }), message, 2);
    expect(await readdir(digits.path)).not.toContain("cli-new");
  });

  it("speaks of its own flags", async () => {
    await writeFile(digits.at("recipe.json"), JSON.stringify(formatRecipe(digits.recipe())));
    const outcome = await runTrain("taken-again", ["recipe.json", "--set", "optimizer.momentum=1"], {
      cwd: digits.path,
    });
    expectOneError(outcome, /optimizer\.momentum: no such key/, 1);
    await mkdir(digits.at("held"));
    await writeFile(digits.at("held", "recipe.json"), "{}");
    const held = await runTrain("held", ["recipe.json"], { cwd: digits.path });
    expectOneError(held, /held: this folder holds a run already\. Pass --resume to go on/, 1);
  });
});
