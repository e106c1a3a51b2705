/** A signal, or any other early end, in the middle of a write or of a computation: what the shell learns, and that nothing half-written stays. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AutoencoderKLConfig } from "../../src/node/index.ts";
import { listFiles, savePicture, saveTinyModel, spawnCli, temporaryFolder, type Outcome } from "./run-cli.ts";

/** Wide at full resolution: a picture takes many seconds. */
const slowConfig: Partial<AutoencoderKLConfig> = {
  blockOutChannels: [96, 96],
  downBlockTypes: ["DownEncoderBlock2D", "DownEncoderBlock2D"],
  upBlockTypes: ["UpDecoderBlock2D", "UpDecoderBlock2D"],
  midBlockAddAttention: false,
};

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let witness: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  [folder, witness] = await Promise.all([temporaryFolder(), temporaryFolder()]);
  await saveTinyModel(join(folder.path, "model"));
  await savePicture(join(folder.path, "a.png"), 16, 16);
});

afterAll(async () => {
  await folder.remove();
  await witness.remove();
});

/** Ends the program when all bytes are written and the file is about to get its name; says how many there are. */
const endingBeforeRename = (how: string, report: string): string => `
  import fs from "node:fs/promises";
  import { statSync, writeFileSync } from "node:fs";
  import { syncBuiltinESMExports } from "node:module";
  fs.rename = (from) => {
    writeFileSync(${JSON.stringify(report)}, from + " " + statSync(from).size);
    setInterval(() => undefined, 1000); // A write keeps the process alive.
    setImmediate(() => { ${how} });
    return new Promise(() => undefined);
  };
  syncBuiltinESMExports();`;

/** Encodes until the result is about to get its name, and ends there. */
async function endDuringWrite(how: string): Promise<Outcome> {
  const before = await listFiles(folder.path);
  const report = join(witness.path, "report");
  const args = [
    "encode",
    "a.png",
    "--size",
    "16",
    "--model",
    "model",
    "--device",
    "cpu",
    "--out",
    "z.safetensors",
    // Where a person watches, the plan would be said.
    "--json",
  ];
  const preload = endingBeforeRename(how, report);
  const outcome = await spawnCli(args, { cwd: folder.path, preload });
  // The write was under way.
  const [, name = "", size = ""] = /^(\S+) (\d+)$/.exec(await readFile(report, "utf8"))!;
  expect(name).toMatch(/z\.safetensors\..+\.partial$/);
  expect(Number(size)).toBeGreaterThan(100);
  expect(await listFiles(folder.path)).toEqual(before);
  return outcome;
}

describe.runIf(process.platform !== "win32")("during a write", () => {
  test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "%s is what the program dies of, and the half-written file goes",
    async (signal) => {
      const outcome = await endDuringWrite(`process.kill(process.pid, "${signal}");`);
      expect(outcome).toEqual({ code: null, signal, stdout: "", stderr: "" });
    },
  );

  test("a terminal gets a line of its own for what the shell says next", async () => {
    const end = `Object.defineProperty(process.stderr, "isTTY", { value: true }); process.kill(process.pid, "SIGINT");`;
    expect(await endDuringWrite(end)).toMatchObject({ signal: "SIGINT", stdout: "", stderr: "\n" });
  });

  test("an error that nobody caught is told, and the half-written file goes", async () => {
    const outcome = await endDuringWrite(`throw new Error("out of the blue");`);
    expect(outcome).toEqual({
      code: 1,
      signal: null,
      stdout: "",
      stderr: "vaekit: out of the blue\nThis is not a known error; set VAEKIT_DEBUG=1 for the stack.\n",
    });
  });
});

test.runIf(process.platform !== "win32")("a signal does not wait for the computation", async () => {
  await saveTinyModel(join(folder.path, "slow"), slowConfig);
  await savePicture(join(folder.path, "large.png"), 1024, 1024);
  const before = await listFiles(folder.path);
  const args = ["roundtrip", "large.png", "--model", "slow", "--device", "cpu", "--size", "original"];
  const outcome = await spawnCli(args, { cwd: folder.path, kill: { signal: "SIGINT", afterMs: 2000 } });
  expect(outcome.signal).toBe("SIGINT");
  expect(await listFiles(folder.path)).toEqual(before);
});
