/** `--tiling`, `--memory` and `--temp-dir`: the same pictures in every way that promises them, and what is said about it. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readSafetensorsFile } from "../../src/node/index.ts";
import { parseBytes } from "../../src/cli/options.ts";
import { listFiles, runCli, savePicture, saveTinyModel, temporaryFolder, type Outcome } from "./run-cli.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  folder = await temporaryFolder();
  await saveTinyModel(join(folder.path, "model"));
  await savePicture(join(folder.path, "a.png"), 64, 48);
  expect((await encode("a.safetensors")).code).toBe(0);
});

afterAll(async () => {
  await folder.remove();
});

const model = ["--model", "model", "--device", "cpu"];
const run = (...args: string[]): Promise<Outcome> => runCli([...args, ...model], { cwd: folder.path });
const encode = (out: string, ...args: string[]): Promise<Outcome> =>
  run("encode", "a.png", "--size", "original", "--out", out, ...args);
const decode = (...args: string[]): Promise<Outcome> =>
  run("decode", "a.safetensors", "--out", "b.png", ...args);

describe("tiling", () => {
  test("exact gives the latents of off", async () => {
    expect((await encode("off.safetensors", "--tiling", "off")).code).toBe(0);
    expect((await encode("exact.safetensors", "--tiling", "exact")).code).toBe(0);
    const [off, exact] = await Promise.all(
      ["off", "exact"].map((name) => readSafetensorsFile(join(folder.path, `${name}.safetensors`))),
    );
    expect(exact!.metadata.tiling).toBe("exact");
    // Sums in another order, through a dozen layers of float32.
    expect(exact!.tensors.get("mean")!).toBeAllclose(off!.tensors.get("mean")!, { absolute: 1e-4 });
  });

  test("says in one line what was chosen, where it was asked for", async () => {
    const { stderr } = await decode("--tiling", "exact");
    expect(stderr).toMatch(/^vaekit: decoding 64x48 in \d+ strips?: about .* of memory\n$/);
    expect((await decode()).stderr).toBe("");
  });

  test("leaves stderr alone with --json, and puts the plan into it", async () => {
    const { stdout, stderr } = await decode("--tiling", "off", "--json");
    expect(stderr).toBe("");
    const { plan } = JSON.parse(stdout) as { plan: { half: string; tiling: string; peakBytes: number } };
    expect(plan).toMatchObject({ half: "decoder", tiling: "off", size: { height: 6, width: 8 } });
    expect(plan.peakBytes).toBeGreaterThan(1e7);
  });

  test("diffusers has no plan", async () => {
    const { code, stdout, stderr } = await decode("--tiling", "diffusers", "--json");
    expect([code, stderr]).toEqual([0, ""]);
    expect(JSON.parse(stdout)).not.toHaveProperty("plan");
  });
});

describe("memory", () => {
  test.each([
    ["2GB", 2e9],
    ["900 MB", 9e8],
    ["1.5GiB", 1.5 * 2 ** 30],
    ["512mib", 2 ** 29],
  ])("%s is %i bytes", (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes);
  });

  test.each(["2", "GB", "-1GB", "0MB", "1e3MB", "2GBs", "2TB", ""])("%j is none", (text) => {
    expect(() => parseBytes(text)).toThrow("Expected a size such as 900MB, 2GB or 1.5GiB.");
  });

  test("plans within a budget", async () => {
    const { code, stdout } = await decode("--memory", "1GB", "--temp-dir", ".", "--json");
    expect(code).toBe(0);
    const { plan } = JSON.parse(stdout) as { plan: { peakBytes: number } };
    expect(plan.peakBytes).toBeLessThanOrEqual(1e9);
  });

  test.each([
    [["--memory", "20MB"], /^vaekit: --memory: expected at least \d+ MB for decoding .*found 20 MB/, 1],
    [["--temp-dir", "nowhere"], /^vaekit: --temp-dir: expected a folder that is there, found nowhere/, 1],
    [["--memory", "much"], /^vaekit: option '--memory <size>'.*such as 900MB/, 2],
    [["--memory", "1GB", "--tiling", "off"], /^vaekit: --memory is for --tiling auto and exact/, 2],
    [["--temp-dir", ".", "--tiling", "diffusers"], /^vaekit: --temp-dir is for --tiling/, 2],
    [["--tiling", "none"], /^vaekit: .*Allowed choices are auto, exact, off, diffusers/, 2],
  ] as const)("%j ends with one message", async (args, message, exitCode) => {
    const before = await listFiles(folder.path);
    const { code, stdout, stderr } = await decode(...args);
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split("\n").length).toBeLessThanOrEqual(2);
    expect([code, stdout]).toEqual([exitCode, ""]);
    expect(await listFiles(folder.path)).toEqual(before);
  });
});
