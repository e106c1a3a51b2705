/** Checkpoints under what no caller can catch: a full disk, and kill -9 at any moment. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Tensor } from "../../src/tensor/tensor.ts";
import {
  latestUsableCheckpoint,
  readCheckpoint,
  writeCheckpoint,
} from "../../src/training/run-folder/checkpoint.ts";
import { removeLeftovers } from "../../src/files/node/index.ts";
import { startChild } from "./child.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "vaekit-kill-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe.skipIf(process.platform === "win32")("a checkpoint", () => {
  it("that the system refuses midway names the last good one and leaves it as it was", async () => {
    const tensors = new Map([["a", Tensor.zeros([4])]]);
    await writeCheckpoint(folder, { step: 1, tensors, state: null, fingerprint: "x" });
    const code = `
      const tensors = new Map([["a", Tensor.zeros([100_000])]]);
      await node.writeCheckpoint(folder, { step: 2, tensors, state: null, fingerprint: "x" }, { keep: 1 }).catch((error) => {
        console.log(error.code, error.message);
      });`;
    // A limit of 100 kB on each file stands for the full disk: the write fails midway.
    const { stdout, stderr, code: exitCode } = await startChild(code, folder, "ulimit -f 100").ended;
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toMatch(/^IO .*step-000002: the checkpoint could not be written: EFBIG/);
    expect(stdout.trimEnd().endsWith(`The last good checkpoint is ${join(folder, "step-000001")}.`)).toBe(
      true,
    );
    expect(await readdir(folder)).toEqual(["step-000001"]);
    expect((await readCheckpoint(join(folder, "step-000001"))).step).toBe(1);
  });

  it("is whole whenever its writer is killed", async () => {
    const code = `
      const tensors = new Map([["a", Tensor.zeros([1_000_000])], ["b", Tensor.zeros([10])]]);
      for (let count = 1; ; count++) {
        const content = { step: 1 + (count % 3), tensors, state: count, fingerprint: "x" };
        await node.writeCheckpoint(folder, content, { keep: 2 });
        if (count === 3) console.log("three");
      }`;
    let leftovers = 0;
    for (let round = 0; round < 8; round++) {
      const child = startChild(code, folder);
      await child.printed("three");
      await new Promise((resolve) => setTimeout(resolve, 7 * round));
      child.process.kill("SIGKILL");
      expect((await child.ended).signal).toBe("SIGKILL");
      const whole = /^step-00000[123]$/;
      leftovers += (await readdir(folder)).filter((name) => !whole.test(name)).length;
      await removeLeftovers(folder);
      expect((await readdir(folder)).filter((name) => !whole.test(name))).toEqual([]);
      const { checkpoint, damaged } = await latestUsableCheckpoint(folder);
      expect(damaged).toEqual([]);
      expect(checkpoint?.tensors.get("a")?.shape).toEqual([1_000_000]);
    }
    // Otherwise no kill has hit a write, and the test has shown nothing.
    expect(leftovers).toBeGreaterThan(0);
  });
});
