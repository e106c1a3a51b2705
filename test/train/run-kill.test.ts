/** A run that is killed and goes on writes the same bytes as one that is left alone; signals; locks of the dead. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RunDirectory } from "../../src/training/run-folder/run-directory.ts";
import { startChild } from "./child.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "vaekit-run-kill-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A training loop without a model: `weight` follows from the steps done alone. */
const loop = `
  const recipe = { steps: 20 };
  /** Waits before something is renamed to such a path, until it is interrupted or for ever. */
  function holdAt(ending, release) {
    const { rename } = fs;
    fs.rename = async (from, to) => {
      if (to.endsWith(ending)) {
        console.log("writing");
        const alive = setInterval(() => {}, 1000);
        await release;
        clearInterval(alive);
      }
      return rename(from, to);
    };
    syncBuiltinESMExports();
  }
  async function train(path, { resume = false, lastStep = 20, hold } = {}) {
    let release;
    const interrupted = new Promise((resolve) => (release = resolve));
    if (hold !== undefined) holdAt(hold.at, hold.untilInterrupted ? interrupted : new Promise(() => {}));
    const { run, checkpoint } = resume
      ? await node.RunDirectory.resume(path, { fingerprint: "tiny" })
      : { run: await node.RunDirectory.create(path, recipe), checkpoint: undefined };
    const interrupt = new InterruptGuard(() => {
      console.log("interrupted");
      release();
    });
    console.log("ready");
    let weight = checkpoint?.tensors.get("weight").data[0] ?? 1;
    let step = checkpoint?.step ?? 0;
    const save = () => run.writeCheckpoint({
      step,
      tensors: new Map([["weight", Tensor.from(Float32Array.of(weight), [1])]]),
      state: { cursor: step * 7 },
      fingerprint: "tiny",
    }, { keep: 2 });
    let saved = step;
    while (step < lastStep && !interrupt.isInterrupted) {
      step++;
      weight = Math.fround(weight * 1.1 + step);
      run.log.append({ step, loss: weight });
      run.timing.append({ step, ms: performance.now() });
      run.events.scalars(step, { loss: weight });
      console.log("step " + step + ".");
      if (step % 4 === 0 || step === lastStep) { await save(); saved = step; }
    }
    if (saved < step) await save();
    run[Symbol.dispose]();
    interrupt[Symbol.dispose]();
    console.log("end");
  }`;

/** Every file of a run whose bytes must not depend on when it was interrupted. */
async function bytesOf(path: string): Promise<Record<string, string>> {
  const names = (await readdir(path, { recursive: true })).filter((name) =>
    /^(log\.jsonl|recipe\.json|checkpoints\/.*\..*)$/.test(name),
  );
  const entries = names
    .sort()
    .map(async (name) => [name, (await readFile(join(path, name))).toString("base64")] as const);
  return Object.fromEntries(await Promise.all(entries));
}

async function finish(code: string): Promise<void> {
  const { code: exitCode, stderr, stdout } = await startChild(`${loop}\n${code}`, folder).ended;
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  expect(stdout).toContain("end");
}

describe.skipIf(process.platform === "win32")("a run", () => {
  it("that is killed at any moment and goes on has the bytes of one that was left alone", async () => {
    await finish(`await train(folder + "/whole");`);
    const whole = await bytesOf(join(folder, "whole"));
    expect(Object.keys(whole)).toEqual([
      "checkpoints/step-000016/state.json",
      "checkpoints/step-000016/state.safetensors",
      "checkpoints/step-000020/state.json",
      "checkpoints/step-000020/state.safetensors",
      "log.jsonl",
      "recipe.json",
    ]);
    // Before the first checkpoint, within one, and before the older one has gone.
    for (const at of ["step-000004/state.safetensors", "step-000012", ".partial"]) {
      const path = join(folder, `killed ${at.replace("/", " ")}`);
      const ending = at.replace("step-000004/", "/");
      const hold = JSON.stringify({ at: ending, untilInterrupted: false });
      const child = startChild(`${loop}\nawait train(${JSON.stringify(path)}, { hold: ${hold} });`, folder);
      await child.printed("writing");
      child.process.kill("SIGKILL");
      expect((await child.ended).signal).toBe("SIGKILL");
      // The lock of the dead process is there, and in nobody's way.
      expect(await readdir(path)).toContain("train.lock");
      await finish(`await train(${JSON.stringify(path)}, { resume: true });`);
      expect(await bytesOf(path)).toEqual(whole);
    }
  });

  it.each([
    ["SIGINT", "/state.safetensors", 4],
    ["SIGTERM", "/step-000008", 8],
  ] as const)(
    "that gets %s in the middle of a checkpoint, before %s is there, makes it whole and goes on to the same bytes",
    async (signal, at, step) => {
      await finish(`await train(folder + "/whole");`);
      const hold = JSON.stringify({ at, untilInterrupted: true });
      const child = startChild(`${loop}\nawait train(folder + "/run", { hold: ${hold} });`, folder);
      await child.printed("writing");
      child.process.kill(signal);
      const { code, stdout } = await child.ended;
      expect(code).toBe(0);
      expect(stdout).toMatch(/writing\ninterrupted\nend\n$/);
      expect(await readdir(join(folder, "run"))).not.toContain("train.lock");
      const { run, checkpoint } = await RunDirectory.resume(join(folder, "run"));
      run[Symbol.dispose]();
      expect(checkpoint?.step).toBe(step);
      await finish(`await train(folder + "/run", { resume: true });`);
      expect(await bytesOf(join(folder, "run"))).toEqual(await bytesOf(join(folder, "whole")));
    },
  );

  it("that gets a second signal ends at once, of that signal, and leaves the checkpoint before", async () => {
    const hold = JSON.stringify({ at: "/step-000008", untilInterrupted: false });
    const child = startChild(`${loop}\nawait train(folder + "/run", { hold: ${hold} });`, folder);
    await child.printed("writing");
    child.process.kill("SIGINT");
    await child.printed("interrupted");
    // The echo of the same Ctrl-C, as npx sends it.
    child.process.kill("SIGINT");
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(child.process.exitCode ?? child.process.signalCode).toBeNull();
    child.process.kill("SIGINT");
    expect((await child.ended).signal).toBe("SIGINT");
    const { run, checkpoint, damaged } = await RunDirectory.resume(join(folder, "run"));
    run[Symbol.dispose]();
    expect([checkpoint?.step, damaged]).toEqual([4, []]);
    expect(await readdir(join(folder, "run", "checkpoints"))).toEqual(["step-000004"]);
  });

  it("gives the second signal to who listened before", async () => {
    const code = `
      process.on("SIGTERM", () => { console.log("cleaned up"); process.exit(3); });
      const guard = new InterruptGuard((signal) => console.log("first", signal));
      setInterval(() => {}, 1000);
      console.log("ready");`;
    const child = startChild(code, folder);
    await child.printed("ready");
    child.process.kill("SIGTERM");
    await child.printed("first SIGTERM");
    await new Promise((resolve) => setTimeout(resolve, 400));
    child.process.kill("SIGTERM");
    const { code: exitCode, stdout } = await child.ended;
    expect(stdout).toContain("cleaned up");
    expect(exitCode).toBe(3);
  });

  it("in use by another process is refused to a second one", async () => {
    const path = join(folder, "run");
    const child = startChild(
      `${loop}\nawait train(folder + "/run", { hold: { at: "/step-000004" } });`,
      folder,
    );
    await child.printed("writing");
    await expect(RunDirectory.resume(path)).rejects.toMatchObject({
      code: "IO",
      message: expect.stringContaining(`by process ${child.process.pid!}; wait for it`) as string,
    });
    child.process.kill("SIGKILL");
    await child.ended;
    (await RunDirectory.resume(path)).run[Symbol.dispose]();
  });

  it("whose trainer was killed goes to one of several that want it", async () => {
    const path = join(folder, "run");
    const child = startChild(
      `${loop}\nawait train(folder + "/run", { hold: { at: "/step-000004" } });`,
      folder,
    );
    await child.printed("writing");
    child.process.kill("SIGKILL");
    await child.ended;
    const code = `
      process.on("SIGTERM", () => process.exit(0));
      setInterval(() => {}, 1000);
      await new Promise((resolve) => setTimeout(resolve, ${Date.now() + 1000} - Date.now()));
      await node.RunDirectory.resume(folder + "/run").then(
        () => console.log("won."),
        (error) => console.log(error.code + "."),
      );
`;
    const rivals = [1, 2, 3, 4].map(() => startChild(code, folder));
    await Promise.all(rivals.map((rival) => rival.printed(".")));
    for (const rival of rivals) rival.process.kill("SIGTERM");
    const said = (await Promise.all(rivals.map(({ ended }) => ended))).map(({ stdout }) => stdout.trim());
    expect(said.sort()).toEqual(["IO.", "IO.", "IO.", "won."]);
    expect(await readdir(path)).not.toContain("train.lock");
  });
});
