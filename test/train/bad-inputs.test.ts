/** What goes wrong with training: one clear error, nothing half-written, and the last good checkpoint goes on. */
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { saveTinyModel, temporaryFolder, type Outcome } from "../cli/run-cli.ts";
import { bytesOf, prepareTraining, runTrain } from "./train-cli.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const inFolder = (...names: string[]): string => join(folder.path, ...names);

/** No adversary, no averages: starts in a moment. */
const plain = { loss: {}, ema: null, accumulate: 1, steps: 4, checkpoints: { every: 2 }, batch_size: 4 };

beforeAll(async () => {
  folder = await temporaryFolder();
  await prepareTraining(folder.path, plain);
});
afterAll(() => folder.remove());

/** The error, one or two lines long, without a stack. */
function expectOneError({ code, stdout, stderr }: Outcome, message: RegExp, exitCode = 1): void {
  const lines = stderr.split("\n").filter((line) => line.startsWith("vaekit: "));
  expect(lines).toHaveLength(1);
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(stderr).not.toMatch(/not a known error/);
  expect(stdout).toBe("");
  expect(code).toBe(exitCode);
}

describe("a run that cannot start leaves no folder", { timeout: 180_000 }, () => {
  let count = 0;

  /** Runs `vaekit train` with a new folder for the run, below one that is new too. */
  async function expectNoStart(args: readonly string[], message: RegExp, exitCode = 1): Promise<void> {
    const out = `new-${count++}`;
    const outcome = await runTrain(join(out, "run"), args, { cwd: folder.path });
    expectOneError(outcome, message, exitCode);
    expect(outcome.stderr.trimEnd().split("\n").length).toBeLessThanOrEqual(2);
    expect(await readdir(folder.path)).not.toContain(out);
  }

  const set = (...overrides: string[]): string[] => [
    "recipe.json",
    ...overrides.flatMap((override) => ["--set", override]),
  ];

  it.concurrent("for want of pictures", async () => {
    await mkdir(inFolder("empty"));
    await expectNoStart(["empty"], /empty: expected pictures .* found an empty folder/);
    await mkdir(inFolder("texts"));
    await writeFile(inFolder("texts", "a.txt"), "a");
    await expectNoStart(["texts"], /texts: expected pictures .* found only 1 other files/);
    await mkdir(inFolder("fakes"));
    for (const name of ["a.png", "b.png"]) await writeFile(inFolder("fakes", name), "no picture");
    await expectNoStart(
      set("data.path=fakes", "batch_size=1", "data.validation_count=0"),
      /readable picture/,
    );
    await expectNoStart(set("data.path=nowhere"), /nowhere: no such folder/);
  });

  it.concurrent.each([
    [["batch_size=13"], /batch size: expected at most the number of examples, 12, found 13/],
    [
      ["data.resolution=15"],
      /data\.resolution: expected a multiple of .* factor 2, found 15; write 14 or 16/,
    ],
    [["optimizer.momentum=1"], /optimizer\.momentum: no such key/],
    [["steps=many"], /steps: expected .* found "many"/],
    [["optimizer.learning_rate=1e400"], /optimizer\.learning_rate/],
    [["data.validation_count=14"], /data\.validation_count: expected fewer than the 14 pictures/],
    [["model.trainable=[decoder.*]"], /model\.trainable: only a pretrained model/],
    [["loss.adversarial={weight: 1}"], /loss\.adversarial\.layers.* at least 24 pixels, found 16/],
    [["loss.perceptual={weights: none.safetensors}"], /none\.safetensors: no such file/],
    [["loss.distillation={teacher: ./none}"], /\.\/none: no such model: there is no folder or file/],
    [["loss.distillation={teacher: none.ckpt}"], /none\.ckpt: no such model: there is no folder or file/],
  ])("with %j", (overrides, message) => expectNoStart(set(...overrides), message));

  it.concurrent("with a model that does not fit", async () => {
    // Eight pixels and four channels to a latent; the recipe's own has two pixels.
    await saveTinyModel(inFolder("model"));
    await expectNoStart(
      set("loss.distillation={teacher: model}"),
      /loss\.distillation\.teacher: expected .* \[1, 4, 8, 8\] .* found \[1, 4, 2, 2\] in model/,
    );
    const pretrained = ["model.config=null", "model.pretrained=model"];
    await expectNoStart(set(...pretrained, "data.resolution=20"), /data\.resolution: .* factor 8.*found 20/);
    await expectNoStart(set(...pretrained, "data.channels=1"), /data\.channels: .* 3 channels in/);
    const encoder = ["model.trainable=[encoder.*]", "loss.adversarial={weight: 1, layers: 1}"];
    await expectNoStart(set(...pretrained, ...encoder), /loss\.adversarial: .* model\.trainable/);
  });

  it.concurrent("with a loss that is no number in the first step", () =>
    expectNoStart(set("loss.kl.weight=1e39"), /Step 1: loss is /),
  );

  it.concurrent.each([
    [["recipe.toml"], /recipe\.toml: expected a recipe/],
    [[], /expected a recipe or a folder of pictures/],
    [["recipe.json", "--steps", "0.5"], /--steps/],
    [["recipe.json", "--resume"], /--resume goes on with the recipe of the run/],
  ])("with the command line %j", (args, message) => expectNoStart(args, message, 2));
});

describe("a folder for the run that is taken", () => {
  it("is left as it is", async () => {
    await mkdir(inFolder("taken"));
    await writeFile(inFolder("taken", "notes.txt"), "mine");
    const settings = { cwd: folder.path };
    expectOneError(
      await runTrain("taken", ["recipe.json"], settings),
      /taken: expected a new or empty folder/,
    );
    expectOneError(await runTrain("taken", ["--resume"], settings), /taken: expected the folder of a run/);
    expect(await readdir(inFolder("taken"))).toEqual(["notes.txt"]);
    expectOneError(await runTrain("recipe.json", ["recipe.json"], settings), /found a file/);
  });
});

describe("a run with checkpoints", { timeout: 180_000 }, () => {
  let whole: Record<string, string>;

  beforeAll(async () => {
    const settings = { cwd: folder.path };
    const killed = { ...settings, killBeforeRenameTo: "step-000004" };
    await Promise.all([
      runTrain("half", ["recipe.json"], killed),
      runTrain("whole", ["recipe.json"], settings),
    ]);
    whole = await bytesOf(inFolder("whole"));
    // What a resume would clean up.
    await rm(inFolder("half", "train.lock"));
    for (const name of await readdir(inFolder("half", "checkpoints"))) {
      if (name.startsWith(".")) await rm(inFolder("half", "checkpoints", name), { recursive: true });
    }
    expect(await readdir(inFolder("half", "checkpoints"))).toEqual(["step-000002"]);
  }, 180_000);

  /** A copy of a run that was killed when it had a checkpoint of step 2. */
  async function copy(name: string): Promise<string> {
    await cp(inFolder("half"), inFolder(name), { recursive: true });
    return inFolder(name);
  }

  const goOn = (name: string, ...args: string[]): Promise<Outcome> =>
    runTrain(name, ["--resume", ...args], { cwd: folder.path });

  /** Trains to the end, and finds what a run that was never stopped has written. */
  async function expectGoesOn(name: string, ...args: string[]): Promise<Outcome> {
    const outcome = await goOn(name, ...args);
    expect(outcome).toMatchObject({ code: 0, stdout: `Model: ${name}/model\n` });
    const files = Object.entries(await bytesOf(inFolder(name)));
    expect(Object.fromEntries(files.filter(([path]) => !path.includes(".discarded/")))).toEqual(whole);
    return outcome;
  }

  it("is not started again", async () => {
    const before = await bytesOf(await copy("again"));
    const outcome = await runTrain("again", ["recipe.json"], { cwd: folder.path });
    expectOneError(outcome, /again: this folder holds a run already\. Pass --resume to go on/);
    expect(await bytesOf(inFolder("again"))).toEqual(before);
  });

  it("does not go on as another architecture", async () => {
    const before = await bytesOf(await copy("other"));
    const outcome = await goOn("other", "--set", "model.config.latent_channels=3");
    expectOneError(
      outcome,
      /another architecture: .*latent_channels is 4 in the checkpoint, 3 in the recipe/,
    );
    expect(await bytesOf(inFolder("other"))).toEqual(before);
    await expectGoesOn("other");
  });

  it.skipIf(process.platform === "win32")("goes on after the disk was full", async () => {
    await copy("full");
    const outcome = await runTrain("full", ["--resume"], { cwd: folder.path, maxFileKib: 16 });
    expectOneError(
      outcome,
      /step-000004: the checkpoint could not be written: .*The last good checkpoint is .*step-000002/,
    );
    expect(await readdir(inFolder("full", "checkpoints"))).toEqual(["step-000002"]);
    await expectGoesOn("full");
  });

  it("goes on from the checkpoint before a damaged one", async () => {
    const path = await copy("damaged");
    const newest = join(path, "checkpoints", "step-000003");
    await cp(join(path, "checkpoints", "step-000002"), newest, { recursive: true });
    const bytes = await readFile(join(newest, "state.safetensors"));
    bytes[bytes.length - 1]! ^= 1;
    await writeFile(join(newest, "state.safetensors"), bytes);
    const { stderr } = await expectGoesOn("damaged");
    expect(stderr).toMatch(/Passed over .*step-000003: .*the file is damaged/);
  });

  it("does not go on when every checkpoint is damaged", async () => {
    const path = await copy("lost");
    await writeFile(join(path, "checkpoints", "step-000002", "state.json"), "{}");
    const before = await bytesOf(path);
    expectOneError(await goOn("lost"), /no checkpoint of this run is whole/);
    expect(await bytesOf(path)).toEqual(before);
  });

  it("keeps its checkpoint when the loss is no number later", async () => {
    await copy("diverged");
    const before = await bytesOf(inFolder("diverged", "checkpoints"));
    const outcome = await goOn("diverged", "--set", "optimizer.learning_rate=1e30");
    expectOneError(outcome, /Step 4: \w+ is (NaN|-?Infinity).*Lower the learning rate/);
    expect(await bytesOf(inFolder("diverged", "checkpoints"))).toEqual(before);
    await expectGoesOn("diverged", "--set", "optimizer.learning_rate=0.001");
  });
});
