/** A signal at any moment ends the program by that signal and leaves no half-written file. */
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { AutoencoderKLConfig } from "../../src/node/index.ts";
import { listFiles, spawnCli, savePicture, saveTinyModel, temporaryFolder } from "./run-cli.ts";

/** Wide at full resolution. */
const slowConfig: Partial<AutoencoderKLConfig> = {
  blockOutChannels: [96, 96],
  downBlockTypes: ["DownEncoderBlock2D", "DownEncoderBlock2D"],
  upBlockTypes: ["UpDecoderBlock2D", "UpDecoderBlock2D"],
  midBlockAddAttention: false,
};

let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  folder = await temporaryFolder();
  await saveTinyModel(join(folder.path, "model"), slowConfig);
  await savePicture(join(folder.path, "a.png"), 1024, 1024);
});

afterAll(async () => {
  await folder.remove();
});

// From before the first import until inside the native run, which takes many seconds with this model.
test.runIf(process.platform !== "win32").each([
  ["SIGINT", 500],
  ["SIGTERM", 900],
  ["SIGINT", 2500],
] as const)("%s after %i ms", async (signal, afterMs) => {
  const before = await listFiles(folder.path);
  const args = ["roundtrip", "a.png", "--model", "model", "--device", "cpu", "--size", "original"];
  const startMs = performance.now();
  const outcome = await spawnCli(args, { cwd: folder.path, kill: { signal, afterMs } });
  expect(outcome.signal).toBe(signal);
  expect(performance.now() - startMs).toBeLessThan(afterMs + 1000);
  expect(await listFiles(folder.path)).toEqual(before);
});
