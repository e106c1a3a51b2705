/** A run inside its own data never trains on what it has written, and notices when its pictures change. */
import { cp, rm } from "node:fs/promises";
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
    /pictures have changed since the run began: 1 added \(new\.png\), 1 removed \(03\.png\)\..*--allow-changed-data/,
  );
  const allowed = await goOn("--set", "steps=4", "--allow-changed-data");
  expect(allowed.stderr).toMatch(/The pictures have changed since the run began: 1 added \(new\.png\)/);
  expect(allowed.code).toBe(0);
  // From now on these are its pictures.
  expect((await goOn("--set", "steps=5")).code).toBe(0);

  await rm(join(folder.path, out, "data.json"));
  const old = await goOn("--set", "steps=6");
  expect(old.stderr).toMatch(/no record of its pictures/);
  expect(old.code).toBe(0);
});
