/** A run inside its own data never trains on what it has written, and notices when its pictures change. */
import { cp, mkdir, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { TrainOptions, TrainResult } from "../../src/training/options.ts";
import { flatConfig, type Section } from "./small-recipe.ts";
import { SmallRuns } from "./small-runs.ts";

let runs: SmallRuns;
beforeAll(async () => {
  runs = await SmallRuns.create("pictures", 5);
});
afterAll(() => runs.remove());

/** What a run has told, and how it ended. */
interface Told {
  readonly notes: string[];
  readonly examples: number | undefined;
  readonly result: TrainResult;
}

async function run(name: string, sections: Section, options: Partial<TrainOptions> = {}): Promise<Told> {
  const notes: string[] = [];
  let examples: number | undefined;
  const result = await runs.train(
    name,
    { model: { config: flatConfig }, ...sections },
    {
      onNote: (note) => notes.push(note),
      onStart: (start) => {
        examples = start.examples;
      },
      ...options,
    },
  );
  return { notes, examples, result };
}

test("a run in the folder of its pictures goes on with the same ones, and with others only when told", async () => {
  const out = "pictures/run";
  const goOn = (steps: number, options: Partial<TrainOptions> = {}): Promise<Told> =>
    run(out, { steps }, { resume: true, ...options });
  await run(out, { steps: 1, validation: { every: null } });
  const same = await goOn(2);
  expect(same.examples).toBe(5);
  expect(same.notes).toEqual([`${runs.at("pictures")}: left out 1 folder of a training run.`]);

  await cp(runs.at("pictures", "00.png"), runs.at("pictures", "new.png"));
  await rm(runs.at("pictures", "03.png"));
  await expect(goOn(3)).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    message: expect.stringMatching(
      /pictures have changed since the run began: 1 added \(new\.png\), 1 removed \(03\.png\)\./,
    ) as string,
  });
  const allowed = await goOn(3, { allowChangedData: true });
  expect(allowed.notes).toContain(
    "The pictures have changed since the run began: 1 added (new.png), 1 removed (03.png).",
  );
  // From now on these are its pictures: a run that is finished says nothing of them.
  expect((await goOn(3)).notes).toHaveLength(1);
});

test("a run says and counts what it passes over, and never trains on what validates", async () => {
  const messy = runs.at("messy");
  await cp(runs.at("pictures"), messy, { recursive: true });
  await rm(runs.at("messy", "run"), { recursive: true, force: true });
  await writeFile(runs.at("messy", "._00.png"), "AppleDouble");
  await writeFile(runs.at("messy", "notes.txt"), "");
  await mkdir(runs.at("messy", "folder.jpg"));
  await symlink("nowhere", runs.at("messy", "dangling.png"));
  await writeFile(runs.at("messy", "zz.png"), "no picture");
  await mkdir(runs.at("messy", "val"));
  await rename(runs.at("messy", "01.png"), runs.at("messy", "val", "01.png"));
  const data = { path: messy, validation_path: runs.at("messy", "val") };
  // Two sizes: each phase reads the damaged picture anew.
  const phases = [{ step: 1, resolution: 4, batch_size: 5 }];
  const { notes, examples, result } = await run("messy-run", { steps: 2, batch_size: 5, data, phases });
  expect(notes).toEqual([
    `${messy}: left out 1 hidden file, 1 picture of the validation set, 1 file that is no picture.`,
    expect.stringMatching(/^Skipped \S+dangling\.png: expected a picture, found a link that leads nowhere/),
    expect.stringMatching(/^Skipped \S+zz\.png: /),
  ]);
  expect(examples).toBe(4);
  expect(result).toMatchObject({
    skippedCount: 2,
    leftOut: {
      hidden: 1,
      otherFiles: 1,
      validation: 1,
      unreadable: [{ path: runs.at("messy", "dangling.png") }],
    },
  });
});

test("a run that nobody listens to passes over the same pictures", async () => {
  const quiet = runs.at("quiet");
  await cp(runs.at("pictures"), quiet, { recursive: true });
  await rm(runs.at("quiet", "run"), { recursive: true, force: true });
  await symlink("nowhere", runs.at("quiet", "dangling.png"));
  await writeFile(runs.at("quiet", "zz.png"), "no picture");
  const sections = { model: { config: flatConfig }, steps: 1, batch_size: 6, data: { path: quiet } };
  expect(await runs.train("quiet-run", sections)).toMatchObject({ skippedCount: 2 });
});

test("a strict run stops at the first picture that cannot be read, and leaves nothing", async () => {
  const strict = runs.at("strict");
  await cp(runs.at("pictures"), strict, { recursive: true });
  await rm(runs.at("strict", "run"), { recursive: true, force: true });
  await writeFile(runs.at("strict", "00.png"), "no picture");
  await symlink("nowhere", runs.at("strict", "dangling.png"));
  const start = (batch_size: number): Promise<Told> =>
    run("strict-run", { steps: 1, data: { path: strict }, batch_size }, { strict: true });
  await expect(start(2)).rejects.toMatchObject({
    code: "INVALID_FILE",
    message: expect.stringMatching(
      /strict\/dangling\.png: expected a picture, found a link .* `strict`\./,
    ) as string,
  });
  await rm(runs.at("strict", "dangling.png"));
  await expect(start(5)).rejects.toMatchObject({
    code: "INVALID_FILE",
    message: expect.stringMatching(/strict\/00\.png: .*without `strict`\.$/) as string,
  });
  expect(await readdir(runs.path)).not.toContain("strict-run");
});
