/** A run inside its own data never trains on what it has written, and notices when its pictures change. */
import { cp, mkdir, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { temporaryFolder, type Outcome } from "../cli/run-cli.ts";
import { prepareTraining, runTrain } from "./train-cli.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const plain = { loss: {}, ema: null, accumulate: 1, steps: 2, checkpoints: { every: 2 }, batch_size: 4 };
const out = join("pictures", "run");
const goOn = (...args: string[]): Promise<Outcome> =>
  runTrain(out, ["--resume", ...args], { cwd: folder.path });

beforeAll(async () => {
  folder = await temporaryFolder();
  await prepareTraining(folder.path, plain);
});
afterAll(() => folder.remove());

test("a run in the folder of its pictures goes on with the same ones, and with others only when told", async () => {
  const first = await runTrain(out, ["recipe.json"], { cwd: folder.path });
  expect(first.code).toBe(0);
  const same = await goOn("--set", "steps=3");
  expect(same.stderr).toMatch(/ on 12 examples /);
  expect(same.code).toBe(0);

  const picture = (name: string): string => join(folder.path, "pictures", name);
  await cp(picture("00.png"), picture("new.png"));
  await rm(picture("03.png"));
  const refused = await goOn("--set", "steps=4");
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(
    /pictures have changed since the run began: 1 added \(new\.png\), 1 removed \(03\.png\)\..*--allow-changed-data\./,
  );
  const allowed = await goOn("--set", "steps=4", "--allow-changed-data");
  expect(allowed.stderr).toMatch(/The pictures have changed since the run began: 1 added \(new\.png\)/);
  expect(allowed.code).toBe(0);
  // From now on these are its pictures.
  expect((await goOn("--set", "steps=5")).code).toBe(0);

  await writeFile(join(folder.path, out, "data.jsonl"), "null\n");
  const damaged = await goOn("--set", "steps=6");
  expect(damaged.stderr).toMatch(/data\.jsonl: expected a picture's name.*line 1/);
  expect(damaged.code).toBe(1);
  await rm(join(folder.path, out, "data.jsonl"));
  const old = await goOn("--set", "steps=6");
  expect(old.stderr).toMatch(/no record of its pictures/);
  expect(old.code).toBe(0);
}, 180_000);

test("a run says and counts what it passes over in the folder of its pictures", async () => {
  const messy = join(folder.path, "messy");
  await cp(join(folder.path, "pictures"), messy, { recursive: true });
  await rm(join(messy, "run"), { recursive: true, force: true });
  await writeFile(join(messy, "._00.png"), "AppleDouble");
  await writeFile(join(messy, "notes.txt"), "");
  await mkdir(join(messy, "folder.jpg"));
  await symlink("nowhere", join(messy, "dangling.png"));
  const args = ["recipe.json", "--set", "data.path=messy", "--set", "steps=1", "--json"];
  const { code, stdout, stderr } = await runTrain("messy-run", args, { cwd: folder.path });
  expect(stderr).toMatch(/messy: left out 1 hidden file, 1 file that is no picture\./);
  expect(stderr).toMatch(/Skipped messy\/dangling\.png: expected a picture, found a link that leads nowhere/);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    skippedCount: 1,
    leftOut: { hidden: 1, otherFiles: 1, unreadable: [{ path: "messy/dangling.png" }] },
  });
});

test("pictures that validate are not trained on, also where their folder lies inside the other one", async () => {
  const sets = join(folder.path, "sets");
  await cp(join(folder.path, "pictures"), sets, { recursive: true });
  await rm(join(sets, "run"), { recursive: true, force: true });
  await mkdir(join(sets, "val"));
  for (const name of ["00.png", "01.png"]) await rename(join(sets, name), join(sets, "val", name));
  const count = (await readdir(sets)).length - 1;
  const run = (out: string, ...more: string[]): Promise<Outcome> =>
    runTrain(out, ["recipe.json", ...more, "--set", "data.validation_count=0", "--set", "steps=1"], {
      cwd: folder.path,
    });
  const inside = await run("inside", "--set", "data.path=sets", "--set", "data.validation_path=sets/val");
  expect(inside.stderr).toMatch(/sets: left out 2 pictures of the validation set\./);
  expect(inside.stderr).toMatch(new RegExp(` on ${count} examples `));
  expect(inside.code).toBe(0);
  const same = await run("same", "--set", "data.path=sets/val", "--set", "data.validation_path=sets/val");
  expect(same.stderr).toMatch(/data\.validation_path: expected other pictures than those of data\.path/);
  expect(same.code).toBe(1);
});

test("a strict run stops at the first picture that cannot be read, and leaves nothing", async () => {
  const strict = join(folder.path, "strict");
  await cp(join(folder.path, "pictures"), strict, { recursive: true });
  await rm(join(strict, "run"), { recursive: true, force: true });
  const args = ["recipe.json", "--set", "data.path=strict", "--set", "steps=1", "--strict"];
  await writeFile(join(strict, "00.png"), "no picture");
  await symlink("nowhere", join(strict, "dangling.png"));
  const dangling = await runTrain("strict-run", args, { cwd: folder.path });
  expect(dangling.stderr).toMatch(
    /strict\/dangling\.png: expected a picture, found a link .* without --strict\./,
  );
  await rm(join(strict, "dangling.png"));
  const damaged = await runTrain("strict-run", args, { cwd: folder.path });
  expect(damaged.stderr).toMatch(/^vaekit: strict\/00\.png: .* without --strict\./m);
  expect([dangling.code, damaged.code]).toEqual([1, 1]);
  expect(await readdir(folder.path)).not.toContain("strict-run");
});
