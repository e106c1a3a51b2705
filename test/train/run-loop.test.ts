/** What a run does on its way: its milestones, its checkpoints, its signals, and how it starts. */
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventsOf } from "./event-file.ts";
import { FileCalls } from "./file-calls.ts";
import type { Section } from "./small-recipe.ts";
import { SmallRuns } from "./small-runs.ts";
import { bytesOf } from "./train-cli.ts";

let runs: SmallRuns;
beforeAll(async () => {
  runs = await SmallRuns.create("digits");
});
afterAll(() => runs.remove());

const resume = { resume: true } as const;

describe("a run's milestones", () => {
  it("come at multiples of their steps and at the end, and before the checkpoint of their step", async () => {
    const validated: number[] = [];
    using files = new FileCalls();
    const result = await runs.train(
      "milestones",
      {
        steps: 5,
        validation: { every: 2 },
        samples: { every: 2, count: 1 },
        checkpoints: { every: 2, keep: 5 },
      },
      { onValidation: (step) => validated.push(step) },
    );
    expect(validated).toEqual([2, 4, 5]);
    expect(result.validation).toEqual((await runs.log("milestones")).at(-1)!["validation"]);
    expect(await runs.checkpoints("milestones")).toEqual(["step-000002", "step-000004", "step-000005"]);
    const placed = files.calls
      .filter((call) => call.startsWith("rename ") && /\/(samples|checkpoints|model)\b/.test(call))
      .map((call) => call.split(" ")[2]!.slice(runs.at("milestones").length + 1))
      .filter((path) => !/\.(partial|replaced)$|\.partial\//.test(path));
    const of = (step: number): string[] => [
      `samples/step-00000${step}-reconstructions.png`,
      `samples/step-00000${step}-prior.png`,
      `checkpoints/step-00000${step}`,
    ];
    expect(placed).toEqual([...of(2), ...of(4), ...of(5), "model"]);
  });

  it("come at the end only where their `every` is null", async () => {
    const validated: number[] = [];
    await runs.train(
      "at-the-end",
      {
        steps: 3,
        validation: { every: null },
        samples: { every: null, count: 1 },
        checkpoints: { every: null },
      },
      { onValidation: (step) => validated.push(step) },
    );
    expect(validated).toEqual([3]);
    expect(await runs.checkpoints("at-the-end")).toEqual(["step-000003"]);
    const samples = Object.keys(await bytesOf(runs.at("at-the-end", "samples")));
    expect(samples).toEqual(["/step-000003-prior.png", "/step-000003-reconstructions.png"]);
  });

  it("go to TensorBoard, and into the curves", async () => {
    const events = await eventsOf(runs.at("milestones"));
    const last = (await runs.log("milestones")).at(-1)!["validation"] as Record<string, number>;
    expect(events.filter(({ step, tag }) => step === 5 && tag.startsWith("validation/"))).toEqual([
      ...Object.entries(last).map(([name, value]) => ({
        step: 5,
        tag: `validation/${name}`,
        value: Math.fround(value),
      })),
    ]);
    expect(Object.keys(last)).toEqual(["reconstruction", "kl", "loss"]);
    const pictures = events.filter(({ tag }) => tag.startsWith("samples/"));
    expect(pictures.map(({ step, tag }) => `${step} ${tag}`)).toEqual(
      [2, 4, 5].flatMap((step) => [`${step} samples/reconstructions`, `${step} samples/prior`]),
    );
    const curves = await readFile(runs.at("milestones", "curves.svg"), "utf8");
    expect(curves).toContain("validation: loss");
    expect(curves).toMatch(/>\d+ parameters, 5 steps</);
    // Validations at three steps; no average, so no second line.
    const lines = [...curves.matchAll(/<polyline[^>]*points="([^"]*)"/g)].map(([, points]) =>
      points!.trim().split(/\s+/),
    );
    expect(lines.map((points) => points.length)).toContain(3);
  });
});

describe("the checkpoints of a run", () => {
  const sections = { steps: 8, checkpoints: { every: 2, keep: 2 } };

  it("are the newest; an older one goes when the new one is whole and in its place, on disk", async () => {
    using files = new FileCalls();
    await runs.train("kept", sections);
    expect(await runs.checkpoints("kept")).toEqual(["step-000006", "step-000008"]);
    const folder = runs.at("kept", "checkpoints");
    const calls = files.calls
      .filter((call) => call.includes(folder))
      .map((call) => call.replaceAll(`${folder}/`, "").replaceAll(folder, "checkpoints"))
      .map((call) => call.replaceAll(/(\.\d+)?\.[0-9a-f]{8}\.partial/g, ".partial"));
    const from = calls.indexOf("sync .step-000008.partial/state.safetensors.partial");
    expect(calls.slice(from)).toEqual([
      "sync .step-000008.partial/state.safetensors.partial",
      "rename .step-000008.partial/state.safetensors.partial .step-000008.partial/state.safetensors",
      "sync .step-000008.partial/state.json.partial",
      "rename .step-000008.partial/state.json.partial .step-000008.partial/state.json",
      "sync .step-000008.partial",
      "rename step-000008 step-000008.replaced",
      "rename .step-000008.partial step-000008",
      "sync checkpoints",
      "rename step-000004 .step-000004.partial",
      "rm .step-000004.partial",
    ]);
  });

  it("come after the log up to them is on disk", async () => {
    using files = new FileCalls();
    await runs.train("synced", { steps: 2, checkpoints: { every: 1 } });
    const ofInterest = files.calls
      .map((call) => call.replaceAll(`${runs.at("synced")}/`, ""))
      .filter((call) => /^sync (log|timing)\.jsonl$|^rename \S+ checkpoints\/step-00000[12]$/.test(call))
      .map((call) => call.replace(/^rename \S+ /, "place "));
    expect(ofInterest).toEqual(
      [1, 2].flatMap((step) => [
        "sync log.jsonl",
        "sync timing.jsonl",
        `place checkpoints/step-00000${step}`,
      ]),
    );
  });

  it("of a pause goes when the next one on the schedule is there, and not before; the others stay as many", async () => {
    await runs.trainTo(5, "interim", sections);
    expect(await runs.checkpoints("interim")).toEqual(["step-000002", "step-000004", "step-000005"]);
    using files = new FileCalls();
    await runs.trainTo(6, "interim", sections, resume);
    expect(await runs.checkpoints("interim")).toEqual(["step-000004", "step-000006"]);
    const orderOf = (pattern: RegExp): number => files.calls.findIndex((call) => pattern.test(call));
    const placed = orderOf(/^rename \S+ \S+\/step-000006$/);
    expect(placed).toBeGreaterThan(0);
    expect(orderOf(/^rm \S+\/step-000005$/)).toBeGreaterThan(placed);
    expect(orderOf(/^rename \S+\/step-000002 /)).toBeGreaterThan(placed);
  });

  it("of two pauses in a row are both there, until the next one on the schedule", async () => {
    const rare = { steps: 6, checkpoints: { every: 4, keep: 1 } };
    await runs.trainTo(1, "pauses", rare);
    await runs.trainTo(2, "pauses", rare, resume);
    expect(await runs.checkpoints("pauses")).toEqual(["step-000001", "step-000002"]);
    await runs.trainTo(4, "pauses", rare, resume);
    expect(await runs.checkpoints("pauses")).toEqual(["step-000004"]);
  });

  it("are as many as the recipe keeps after a run that was killed between its last one and the clean-up", async () => {
    await cp(runs.at("kept"), runs.at("killed"), { recursive: true });
    for (const older of ["step-000002", "step-000004"]) {
      await cp(runs.at("kept", "checkpoints", "step-000006"), runs.at("killed", "checkpoints", older), {
        recursive: true,
      });
    }
    const result = await runs.train("killed", sections, resume);
    expect(await runs.checkpoints("killed")).toEqual(["step-000006", "step-000008"]);
    expect(result).toMatchObject({ step: 8, totalSteps: 8, modelPath: runs.at("killed", "model") });
    expect(await bytesOf(runs.at("killed"))).toEqual(await bytesOf(runs.at("kept")));
  });
});

describe("a signal", () => {
  const sections = { steps: 4, checkpoints: { every: 2 } };

  it("that fires before the first step leaves a checkpoint of step 0, from which the run begins", async () => {
    const result = await runs.train("at-once", sections, { signal: AbortSignal.abort() });
    expect(result).toMatchObject({ step: 0, totalSteps: 4, modelPath: undefined, validation: undefined });
    expect(await runs.checkpoints("at-once")).toEqual(["step-000000"]);
    await runs.train("at-once", sections, resume);
    await runs.train("never", sections);
    expect(await bytesOf(runs.at("at-once"))).toEqual(await bytesOf(runs.at("never")));
  });

  it.each([
    ["its tensors are written", /^sync \S+state\.safetensors/],
    ["its state is written", /^sync \S+state\.json/],
    ["it is put in its place", /^rename \S+ \S+\/step-000002$/],
    ["the folder is brought to disk", /^sync \S+\/checkpoints$/],
  ])("that fires while a checkpoint is under way, when %s, lets it become whole", async (name, moment) => {
    const run = `during-${name.replaceAll(" ", "-")}`;
    const controller = new AbortController();
    const steps: number[] = [];
    let fired = 0;
    {
      using files = new FileCalls((call) => {
        if (controller.signal.aborted || !moment.test(call)) return;
        fired++;
        controller.abort();
      });
      const result = await runs.train(run, sections, {
        signal: controller.signal,
        onStep: ({ step }) => steps.push(step),
      });
      expect(result).toMatchObject({ step: 2, modelPath: undefined });
      expect(files.calls.length).toBeGreaterThan(0);
    }
    expect([fired, steps]).toEqual([1, [1, 2]]);
    expect(await runs.checkpoints(run)).toEqual(["step-000002"]);
    expect((await runs.state(run, 2)).size).toBeGreaterThan(0);
    await runs.train(run, sections, resume);
    expect(await bytesOf(runs.at(run))).toEqual(await bytesOf(runs.at("never")));
  });

  it("that fires in the last step comes too late: the run is finished", async () => {
    expect(await runs.trainTo(4, "too-late", sections)).toMatchObject({
      step: 4,
      modelPath: runs.at("too-late", "model"),
    });
  });
});

describe("a run's start", () => {
  it("is told: where it begins, how far it goes, how many numbers and pictures there are", async () => {
    const starts: unknown[] = [];
    const onStart = (start: unknown): number => starts.push(start);
    const sections = { epochs: 3, steps: null, accumulate: 4, data: { keep_last: true }, batch_size: 4 };
    await runs.train("told", sections, { onStart, signal: AbortSignal.abort() });
    // Six digits are two batches; three epochs are six batches, four in a step.
    const expected = { totalSteps: 2, parameterCount: (await runs.state("told", 0)).get("parameters")!.size };
    expect(starts).toEqual([{ step: 0, examples: 6, ...expected }]);
    await runs.train("told", sections, { onStart, resume: true });
    await runs.train("told", sections, { onStart, resume: true });
    expect(starts.slice(1)).toEqual([
      { step: 0, examples: 6, ...expected },
      { step: 2, examples: 6, ...expected },
    ]);
  });

  it("takes the run's own recipe where none is given, and writes down the one that it goes on with", async () => {
    await runs.trainTo(1, "own", { steps: 2, seed: 3 });
    const before = JSON.parse(await readFile(runs.at("own", "recipe.json"), "utf8")) as Section;
    expect(before).toMatchObject({ steps: 2, seed: 3 });
    await runs.train("own", {}, { ...resume, recipe: undefined as never });
    expect((await runs.log("own")).map(({ step }) => step)).toEqual([2, 2]);
    await runs.train("own", { steps: 3, seed: 3 }, resume);
    expect(JSON.parse(await readFile(runs.at("own", "recipe.json"), "utf8"))).toEqual({
      ...before,
      steps: 3,
    });
  });

  it("is refused before anything is read or written where a run or something else is", async () => {
    await mkdir(runs.at("taken"));
    await writeFile(runs.at("taken", "notes.txt"), "mine");
    const nowhere = { data: { path: runs.at("nowhere") } };
    await expect(runs.train("taken", nowhere)).rejects.toThrow("expected a new or empty folder");
    await expect(runs.train("kept", nowhere)).rejects.toThrow("this folder holds a run already");
  });
});
