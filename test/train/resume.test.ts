/** A run that was killed or interrupted, and resumed, writes the same bytes as one that was left alone. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryFolder } from "../cli/run-cli.ts";
import { bytesOf, prepareTraining, runTrain, type TrainSettings } from "./train-cli.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
  await prepareTraining(folder.path);
});
afterAll(() => folder.remove());

const resume = ["--resume"];

/** Trains to the end. */
async function finish(out: string, args: readonly string[]): Promise<Record<string, string>> {
  const { code, stderr, stdout } = await runTrain(out, args, { cwd: folder.path });
  expect(stderr).not.toMatch(/^vaekit:/m);
  expect(stdout).toBe(`Model: ${out}/model\n`);
  expect(code).toBe(0);
  return bytesOf(join(folder.path, out));
}

/** Trains until it is killed. */
async function killed(
  out: string,
  args: readonly string[],
  settings: Omit<TrainSettings, "cwd">,
): Promise<string[]> {
  const { signal, code } = await runTrain(out, args, { cwd: folder.path, ...settings });
  expect(signal ?? code).toBe("SIGKILL");
  return readdir(join(folder.path, out, "checkpoints"));
}

/** Trains until Ctrl-C. */
async function interrupted(out: string, args: readonly string[], step: number): Promise<void> {
  const settings = { cwd: folder.path, signalAt: { signal: "SIGINT", step } } as const;
  const { code, stdout, stderr } = await runTrain(out, args, settings);
  expect(stderr).toMatch(/interrupted: finishing this step and saving/);
  expect(stdout).toMatch(
    new RegExp(`^Stopped at step 1\\d of 20. Go on: vaekit train --resume --out ${out}`),
  );
  expect(code).toBe(0);
}

// Ten programs, two or three at a time.
describe.runIf(process.platform !== "win32")("a run of 20 steps", { timeout: 300_000 }, () => {
  it("with Philox is the same after kill -9 while writing, kill -9 while training, and after Ctrl-C", async () => {
    const recipe = ["recipe.json"];
    const [whole, resumedAfterKills, resumedAfterInterrupt] = await Promise.all([
      finish("whole", recipe),
      (async () => {
        const left = await killed("killed", recipe, { killBeforeRenameTo: "state.json" });
        // Nothing but what has an unfinished one's name.
        expect(left.join()).toMatch(/^\.step-000005\.[0-9a-f]{8}\.partial$/);
        await killed("killed", resume, { signalAt: { signal: "SIGKILL", step: 11 } });
        return finish("killed", resume);
      })(),
      (async () => {
        await interrupted("interrupted", recipe, 11);
        return finish("interrupted", resume);
      })(),
    ]);
    expect(Object.keys(whole)).toEqual(
      expect.arrayContaining([
        "/checkpoints/step-000015/state.json",
        "/checkpoints/step-000020/state.safetensors",
        "/log.jsonl",
        "/model/config.json",
        "/model/diffusion_pytorch_model.safetensors",
        "/recipe.json",
      ]),
    );
    expect(resumedAfterKills).toEqual(whole);
    expect(resumedAfterInterrupt).toEqual(whole);
  });

  it("with PyTorch's one sequence of draws is the same after kills, in the middle of an epoch or at the end", async () => {
    const recipe = ["recipe.json", "--set", "randomness=torch"];
    const [whole, resumed] = await Promise.all([
      finish("whole-torch", recipe),
      (async () => {
        await killed("killed-torch", recipe, { signalAt: { signal: "SIGKILL", step: 11 } });
        await interrupted("killed-torch", resume, 13);
        await killed("killed-torch", resume, { killBeforeRenameTo: "step-000020" });
        await killed("killed-torch", resume, { killBeforeRenameTo: "/model" });
        return finish("killed-torch", resume);
      })(),
    ]);
    expect(resumed).toEqual(whole);
  });
});
