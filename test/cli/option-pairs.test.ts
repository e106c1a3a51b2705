/** Options of one command that mean nothing without, or beside, another: none is passed over in silence. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runCli, savePicture, saveTinyModel, temporaryFolder } from "./run-cli.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const file = join("model", "diffusion_pytorch_model.safetensors");

beforeAll(async () => {
  folder = await temporaryFolder();
  await saveTinyModel(join(folder.path, "model"));
  await savePicture(join(folder.path, "a.png"), 32, 32);
  await writeFile(join(folder.path, "few.json"), '{"norm_num_groups": 4}');
  await writeFile(join(folder.path, "wrong.json"), '{"norm_num_groups": 4, "latent_channels": 16}');
});
afterAll(() => folder.remove());

test.each<[string, string[], number, RegExp]>([
  [
    "a seed without a sample",
    ["encode", "a.png", "--seed", "1", "--out", "a.safetensors"],
    2,
    /--seed is for --sample/,
  ],
  ["two models", ["inspect", "model", "--model", "other"], 2, /Two models: model and --model other/],
  ["a family for a folder", ["inspect", "model", "--as", "sd1"], 2, /--as is for a model from a file/],
  [
    "a config that contradicts",
    ["inspect", file, "--as", "sd1", "--config", "wrong.json"],
    1,
    /latent_channels: expected 4, found 16/,
  ],
])("%s is refused", async (_, args, code, message) => {
  const outcome = await runCli(args, { cwd: folder.path });
  expect(outcome.stderr).toMatch(message);
  expect(outcome.code).toBe(code);
});

test("a few keys of a config complete what the shapes say, and a family completes both", async () => {
  const inspect = async (...args: string[]): Promise<{ scaling: unknown; stderr: string }> => {
    const { stdout, stderr } = await runCli(["inspect", file, "--config", "few.json", "--json", ...args], {
      cwd: folder.path,
    });
    return { scaling: (JSON.parse(stdout) as { scaling: unknown }).scaling, stderr };
  };
  const assumed = await inspect();
  expect(assumed.scaling).toMatchObject({ kind: "factor", scalingFactor: 0.18215 });
  expect(assumed.stderr).toMatch(/warning: .*nothing says its scaling_factor.* Pass --as, or/);
  const named = await inspect("--as", "sdxl");
  expect(named).toMatchObject({ scaling: { scalingFactor: 0.13025 }, stderr: "" });
});
