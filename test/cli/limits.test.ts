/** Work without bounds, asked for by accident, is refused before it begins; and other places that commands cannot work in. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCli, saveTinyModel, spawnCli, temporaryFolder } from "./run-cli.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const model = ["--model", "model", "--device", "cpu"];

beforeAll(async () => {
  folder = await temporaryFolder();
  await saveTinyModel(join(folder.path, "model"));
});
afterAll(() => folder.remove());

describe("a command line that asks for too much", () => {
  test.each([
    [
      ["inspect", "model", "--plan", "--size", "50000"],
      /--size 50000x50000: expected at most 100,000,000 pixels/,
    ],
    [
      ["export", ...model, "--out", "onnx", "--height", "800000000"],
      /--batch 1 of 512x800000000: expected at most/,
    ],
    [
      ["export", ...model, "--out", "onnx", "--batch", "999999999"],
      /--batch 999999999 of 512x512: expected at most/,
    ],
    [["sample", ...model, "--out", "s.png", "--count", "999999999"], /--count 999999999: expected at most/],
    [["tune", "--dry-run", "--rounds", "999999999"], /--rounds.*from 1 to 10000/],
    [["sample", "--out", "s.png", "--count", "1000000000"], /whole number from 1 to 999999999/],
    [["encode", "a.png", "--out", "z", "--size", "1000000"], /no side above 999999/],
    [["tune", "--threads", "5000"], /--threads.*from 1 to 1024/],
    [["train", "--resume", "--out", "run", "--threads", "0"], /--threads.*from 1 to 1024/],
    [
      ["encode", "x".repeat(100_000), ...model, "--out", "z"],
      /^vaekit: x+… ?x+: longer than a name may be here\.$/m,
    ],
    [["nonsense".repeat(10_000)], /unknown command 'nonsense/],
  ])("is refused: %#", async (args, message) => {
    const { code, stdout, stderr } = await runCli(args, { cwd: folder.path });
    expect(stderr).toMatch(message);
    expect(stderr.length).toBeLessThan(2200);
    expect(stdout).toBe("");
    expect([1, 2]).toContain(code);
  });
});

test.skipIf(process.platform === "win32")("a working folder that is gone is one line", async () => {
  const before = 'mkdir gone && cd gone && rmdir "$PWD"';
  const { code, stderr } = await spawnCli(["demo"], { cwd: folder.path, before });
  expect([code, stderr]).toEqual([
    1,
    "vaekit: The working folder is gone. Change to a folder that is there.\n",
  ]);
});
