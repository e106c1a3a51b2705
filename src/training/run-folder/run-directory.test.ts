import { existsSync, readdirSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FileCalls } from "../../../test/train/file-calls.ts";
import { Tensor } from "../../tensor/tensor.ts";
import type { CheckpointContent } from "./checkpoint.ts";
import { RunDirectory } from "./run-directory.ts";

let folder = "";
let path = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "vaekit-run-"));
  path = join(folder, "run");
});
afterEach(async () => {
  for (const run of opened.splice(0)) run[Symbol.dispose]();
  await rm(folder, { recursive: true, force: true });
});

/** The resumed runs of a test. */
const opened: RunDirectory[] = [];

const recipe = { model: { latent_channels: 4 }, steps: 20 };

const content = (step: number): CheckpointContent => ({
  step,
  tensors: new Map([["w", Tensor.from(Float32Array.of(step), [1])]]),
  state: null,
  fingerprint: recipe.model,
});

const names = async (where = path): Promise<string[]> => (await readdir(where)).sort();

/** A run of some steps with a checkpoint after every fifth, left as a killed process leaves it, but for the lock. */
async function trainTo(lastStep: number): Promise<void> {
  using run = await RunDirectory.create(path, recipe);
  for (let step = 1; step <= lastStep; step++) {
    run.log.append({ step, loss: 1 / step });
    run.timing.append({ step, seconds: Math.random() });
    if (step % 5 === 0) await run.writeCheckpoint(content(step), { keep: 3 });
  }
}

describe("RunDirectory.create", () => {
  it("makes the folder with its recipe and its logs", async () => {
    using run = await RunDirectory.create(path, recipe);
    expect(await names()).toEqual([
      "events.out.tfevents.0000000001.step-000000",
      "log.jsonl",
      "recipe.json",
      "timing.jsonl",
      "train.lock",
    ]);
    expect(JSON.parse(await readFile(join(run.path, "recipe.json"), "utf8"))).toEqual(recipe);
    expect(await RunDirectory.readRecipe(path)).toEqual(recipe);
  });

  it("takes an empty folder, and what a create that was killed has left", async () => {
    await mkdir(path);
    await writeFile(join(path, "recipe.json.123.00ff00ff.partial"), "{");
    await writeFile(join(path, "train.lock.00112233.draft"), "");
    using run = await RunDirectory.create(path, recipe);
    expect(await names(run.path)).not.toContain("recipe.json.123.00ff00ff.partial");
  });

  it("says --resume where a run is", async () => {
    await trainTo(1);
    await expect(RunDirectory.create(path, recipe)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: `${path}: this folder holds a run already. Pass \`resume: true\` to go on with it, or choose another folder.`,
    });
  });

  it("refuses a folder with anything else in it, and leaves that alone", async () => {
    await mkdir(path);
    await writeFile(join(path, "download.partial"), "mine");
    await writeFile(join(path, "thesis.tex"), "mine");
    await expect(RunDirectory.create(path, recipe)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: `${path}: expected a new or empty folder for the run, found download.partial and 1 more in it. Choose another folder.`,
    });
    expect(await names()).toEqual(["download.partial", "thesis.tex"]);
    await rm(join(path, "thesis.tex"));
    await expect(RunDirectory.create(path, recipe)).rejects.toThrow("found download.partial in it.");
  });

  it("refuses a file", async () => {
    await writeFile(path, "");
    await expect(RunDirectory.create(path, recipe)).rejects.toThrow(
      "expected a folder for the run, found a file.",
    );
    await expect(RunDirectory.create(join(path, "below"), recipe)).rejects.toThrow("found a file");
  });

  it("lets one of two win", async () => {
    const outcomes = await Promise.allSettled([
      RunDirectory.create(path, recipe),
      RunDirectory.create(path, recipe),
    ]);
    const won = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
    expect(won).toHaveLength(1);
    won[0]![Symbol.dispose]();
  });
});

describe("a run that is discarded", () => {
  it("leaves nothing of what create has made", async () => {
    const run = await RunDirectory.create(join(folder, "new", "run"), recipe);
    run.log.append({ step: 1, loss: 1 });
    await run.discard();
    expect(await names(folder)).toEqual([]);
  });

  it("leaves the folder that was there, and what somebody has put into it", async () => {
    await mkdir(path);
    await (await RunDirectory.create(path, recipe)).discard();
    expect(await names()).toEqual([]);
    const run = await RunDirectory.create(path, recipe);
    await writeFile(join(path, "notes.txt"), "mine");
    await run.discard();
    expect(await names()).toEqual(["notes.txt"]);
  });
});

describe("RunDirectory.resume", () => {
  it("goes on from the newest checkpoint, with the logs taken back to it", async () => {
    await trainTo(12);
    const { run, checkpoint, damaged, log } = await RunDirectory.resume(path, content(0));
    opened.push(run);
    expect(checkpoint?.step).toBe(10);
    expect(damaged).toEqual([]);
    expect(log).toEqual({ keptLines: 10, droppedLines: 2, damagedLine: undefined });
    for (const file of ["log.jsonl", "timing.jsonl"]) {
      expect((await readFile(join(path, file), "utf8")).trimEnd().split("\n")).toHaveLength(10);
    }
    expect(await names()).toContain("events.out.tfevents.0000000002.step-000010");
  });

  it("passes over damaged checkpoints and puts them aside", async () => {
    await trainTo(15);
    await truncate(join(path, "checkpoints", "step-000015", "state.safetensors"), 20);
    const { run, checkpoint, damaged, log } = await RunDirectory.resume(path);
    opened.push(run);
    expect(checkpoint?.step).toBe(10);
    expect(damaged.map(({ step }) => step)).toEqual([15]);
    expect(log.keptLines).toBe(10);
    expect(await names(run.checkpointsPath)).toEqual(["step-000005", "step-000010", "step-000015.discarded"]);
  });

  it("refuses to start again when every checkpoint is damaged, and changes nothing", async () => {
    await trainTo(5);
    await rm(join(path, "checkpoints", "step-000005", "state.json"));
    const before = await names();
    await expect(RunDirectory.resume(path)).rejects.toMatchObject({
      code: "INVALID_FILE",
      message: `${path}: no checkpoint of this run is whole, so it cannot go on. The newest: ${join(path, "checkpoints", "step-000005", "state.json")}: the checkpoint is damaged: this file is missing.`,
    });
    expect(await names()).toEqual(before);
  });

  it("starts again, with empty logs, where no checkpoint was written yet", async () => {
    await trainTo(3);
    const { run, checkpoint, log } = await RunDirectory.resume(path);
    opened.push(run);
    expect(checkpoint).toBeUndefined();
    expect(log.keptLines).toBe(0);
    expect(await readFile(join(path, "timing.jsonl"), "utf8")).toBe("");
  });

  it("refuses another architecture, and lets go of the lock", async () => {
    await trainTo(5);
    await expect(RunDirectory.resume(path, { fingerprint: { latent_channels: 8 } })).rejects.toThrow(
      "latent_channels is 4 in the checkpoint, 8 in the recipe",
    );
    (await RunDirectory.resume(path)).run[Symbol.dispose]();
  });

  it("removes what a killed process left half-written", async () => {
    await trainTo(5);
    await mkdir(join(path, "checkpoints", ".step-000010.0123abcd.partial"));
    await mkdir(join(path, ".model.0123abcd.partial"));
    opened.push((await RunDirectory.resume(path)).run);
    expect(await names(join(path, "checkpoints"))).toEqual(["step-000005"]);
    expect(await names()).not.toContain(".model.0123abcd.partial");
  });

  it("removes half-written samples, and puts back a model whose successor never came", async () => {
    await trainTo(5);
    await mkdir(join(path, "samples"));
    await writeFile(join(path, "samples", "a.png.123.0123abcd.partial"), "");
    await mkdir(join(path, "model.replaced"));
    opened.push((await RunDirectory.resume(path)).run);
    expect(await names(join(path, "samples"))).toEqual([]);
    expect(await names()).toContain("model");
  });

  it("tells TensorBoard and whoever asks from where it goes on", async () => {
    await trainTo(7);
    const { run } = await RunDirectory.resume(path);
    opened.push(run);
    expect(await run.lastCheckpoint()).toEqual({ path: join(path, "checkpoints", "step-000005"), step: 5 });
    expect(basename(run.events.path)).toBe("events.out.tfevents.0000000002.step-000005");
  });

  it("says which line of the log was changed", async () => {
    await trainTo(12);
    const text = await readFile(join(path, "log.jsonl"), "utf8");
    await writeFile(join(path, "log.jsonl"), text.replace('{"step":3,', '{"stop":3,'));
    const { run, log } = await RunDirectory.resume(path);
    opened.push(run);
    expect(log).toEqual({ keptLines: 2, droppedLines: 10, damagedLine: 3 });
  });

  it("says that there is no run", async () => {
    for (const where of [path, folder]) {
      await expect(RunDirectory.resume(where)).rejects.toMatchObject({
        code: "NOT_FOUND",
        message: `${where}: expected the folder of a run to resume, found no recipe.json in it.`,
      });
    }
    await expect(RunDirectory.readRecipe(path)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("names a recipe that is no JSON", async () => {
    await trainTo(1);
    await writeFile(join(path, "recipe.json"), "model:\n");
    await expect(RunDirectory.readRecipe(path)).rejects.toMatchObject({ code: "INVALID_FILE" });
  });
});

describe("a run whose start fails", () => {
  it("leaves no folder, no lock and none of its files", async () => {
    const refused = Object.assign(new Error("no"), { code: "EACCES" });
    using files = new FileCalls((call) => {
      if (/^rename \S+ \S+recipe\.json$/.test(call)) throw refused;
    });
    await expect(RunDirectory.create(join(folder, "new", "run"), recipe)).rejects.toMatchObject({
      code: "IO",
      message: expect.stringContaining("recipe.json: may not be written") as string,
    });
    expect(await names(folder)).toEqual([]);
    expect(files.calls.some((call) => call.startsWith("rename "))).toBe(true);
    await mkdir(path);
    await expect(RunDirectory.create(path, recipe)).rejects.toMatchObject({ code: "IO" });
    expect(await names()).toEqual([]);
  });

  it("after its recipe was written leaves nothing of its own either, and no file open", async () => {
    const openFiles = (): number | undefined =>
      existsSync("/proc/self/fd") ? readdirSync("/proc/self/fd").length : undefined;
    const before = openFiles();
    // A folder where the second log should be.
    using files = new FileCalls(async (call) => {
      if (/^rename \S+ \S+recipe\.json$/.test(call)) await mkdir(join(path, "timing.jsonl"));
    });
    await expect(RunDirectory.create(path, recipe)).rejects.toMatchObject({
      code: "IO",
      message: expect.stringContaining("timing.jsonl: expected a file to write, found a folder") as string,
    });
    expect(await names()).toEqual(["timing.jsonl"]);
    expect(files.calls).not.toEqual([]);
    expect(openFiles()).toBe(before);
  });
});

describe("a run that is closed", () => {
  it("writes no more, and may be closed twice", async () => {
    const run = await RunDirectory.create(path, recipe);
    run[Symbol.dispose]();
    run[Symbol.dispose]();
    expect(() => {
      run.log.append({ step: 1 });
    }).toThrow("log.jsonl is used after it was closed");
    expect(() => {
      run.timing.append({ step: 1 });
    }).toThrow("timing.jsonl is used after it was closed");
    expect(() => {
      run.events.scalars(1, { loss: 1 });
    }).toThrow("is used after it was closed");
  });

  it("and discarded takes away the record of its pictures, too", async () => {
    const run = await RunDirectory.create(path, recipe);
    await writeFile(join(path, "data.jsonl"), "");
    await run.discard();
    expect(await names(folder)).toEqual([]);
  });
});

describe("the files of a run", () => {
  it("are samples by name", async () => {
    using run = await RunDirectory.create(path, recipe);
    expect(await run.writeSample("step-000001.png", Uint8Array.of(1))).toBe(
      join(path, "samples", "step-000001.png"),
    );
    expect([...(await readFile(join(path, "samples", "step-000001.png")))]).toEqual([1]);
    await expect(run.writeSample("../recipe.json", "")).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  it("are a model that is whole or the one before", async () => {
    using run = await RunDirectory.create(path, recipe);
    const write = (text: string) => (model: string) => writeFile(join(model, "config.json"), text);
    await run.writeModel(write("first"));
    await run.writeModel(write("second"));
    const failure = new Error("no more");
    await expect(
      run.writeModel(async (model) => {
        await write("third")(model);
        throw failure;
      }),
    ).rejects.toBe(failure);
    expect(await readFile(join(run.modelPath, "config.json"), "utf8")).toBe("second");
    expect((await names()).filter((name) => name.includes("model"))).toEqual(["model"]);
  });
});
