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

  /** Just before these calls: what is there then, and the checkpoint that is whole. */
  it.concurrent.for([
    ["the tensors are renamed", "rename", "/state.safetensors", 2],
    ["its state is renamed", "rename", "/state.json", 2],
    ["the older one of its step goes aside", "rename", "step-000003.replaced", 3],
    ["it takes its place", "rename", "/step-000003", 2],
    ["one that is not kept is removed", "rm", ".partial", 3],
  ] as const)(
    "is whole when its writer is killed before %s",
    async ([, name, ending, whole], { onTestFinished }) => {
      // These run side by side, so the folder that each test empties at its end is not for them.
      const own = await mkdtemp(join(tmpdir(), "vaekit-kill-"));
      onTestFinished(() => rm(own, { recursive: true, force: true }));
      const code = `
      const content = (step) => ({ step, tensors: new Map([["a", Tensor.zeros([1000])]]), state: step, fingerprint: "x" });
      for (const step of [1, 2]) await node.writeCheckpoint(folder, content(step));
      if (${whole === 3}) await node.writeCheckpoint(folder, content(3));
      const call = fs.${name};
      fs.${name} = (...paths) => {
        if (paths.some((path) => String(path).endsWith(${JSON.stringify(ending)}))) process.kill(process.pid, "SIGKILL");
        return call(...paths);
      };
      syncBuiltinESMExports();
      await node.writeCheckpoint(folder, content(3), { keep: 2 });`;
      const { signal, stderr } = await startChild(code, own).ended;
      expect({ signal, stderr }).toEqual({ signal: "SIGKILL", stderr: "" });
      const isWhole = (entry: string): boolean => /^step-00000[123]$/.test(entry);
      const before = await readdir(own);
      if (!(name === "rename" && ending === "step-000003.replaced")) {
        expect(before.filter((entry) => !isWhole(entry))).not.toEqual([]);
      }
      await removeLeftovers(own);
      expect((await readdir(own)).every(isWhole)).toBe(true);
      const { checkpoint, damaged } = await latestUsableCheckpoint(own);
      expect(damaged).toEqual([]);
      expect([checkpoint?.step, checkpoint?.tensors.get("a")?.shape]).toEqual([whole, [1000]]);
    },
  );
});
