/** `vaekit tune` and the plan that follows from it. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCli, saveTinyModel, temporaryFolder, type Outcome } from "./run-cli.ts";
import { tableCells } from "./table-cells.ts";

let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  folder = await temporaryFolder();
  await saveTinyModel(join(folder.path, "model"));
});

afterAll(async () => {
  await folder.remove();
});

/** Runs with a cache folder of its own. */
const run = (cache: string, ...args: string[]): Promise<Outcome> =>
  runCli(args, { cwd: folder.path, env: { XDG_CACHE_HOME: join(folder.path, cache) } });

interface PlanJson {
  prices: string;
  whole: { seconds: number; layers: { name: string; algorithm: string }[] };
  exact: { seconds: number; layers: { strips: number }[] };
}

const plan = ["inspect", "--plan", "--size", "256x128", "--json"];

describe("tune", () => {
  test("measures, stores, and is used from then on", async () => {
    const before = await run("good", ...plan);
    expect((JSON.parse(before.stdout) as PlanJson).prices).toBe("default");
    const tuned = await run("good", "tune", "--rounds", "1", "--json");
    expect(tuned.code).toBe(0);
    const { path, profile } = JSON.parse(tuned.stdout) as { path: string; profile: { provider: string } };
    expect(path).toBe(join(folder.path, "good", "vaekit", "profiles.json"));
    expect(profile.provider).toBe("cpu");
    expect(JSON.parse(await readFile(path, "utf8"))).toMatchObject({ format: 1, entries: [{ profile }] });
    const after = await run("good", ...plan);
    expect(after.stderr).toBe("");
    expect((JSON.parse(after.stdout) as PlanJson).prices).toBe("measured");
  });

  test("stores nothing with --dry-run", async () => {
    const { code, stdout } = await run("dry", "tune", "--rounds", "1", "--threads", "1", "--dry-run");
    expect(code).toBe(0);
    const sides = ["left", "right", "right", "right", "right", "left"] as const;
    const [title, ...rows] = tableCells(stdout.split("\n\n")[0]!, sides);
    expect(title).toEqual([
      "3x3 convolution",
      "direct ms",
      "Winograd 4x4 ms",
      "gain",
      "by default",
      "chosen",
    ]);
    expect(rows.map(([shape]) => shape)).toContain("512 to 512 channels, 96x12");
    for (const [, direct, winograd, gain, expected, chosen] of rows) {
      if (Number(direct) > 10 && Number(winograd) > 10)
        // Both are rounded to hundredths.
        expect(Number(gain)).toBeCloseTo(Number(direct) / Number(winograd), 1);
      expect(Number(expected)).toBeGreaterThan(0);
      expect(chosen).toMatch(/^(direct|Winograd (\d)x\2)$/);
    }
    expect(stdout).toMatch(/\n\ncpu, 1 thread\.\nNot stored \(--dry-run\)\.\n$/);
    await expect(readFile(join(folder.path, "dry", "vaekit", "profiles.json"))).rejects.toThrow("ENOENT");
  });

  test("fails plainly where the cache cannot be written", async () => {
    await writeFile(join(folder.path, "a-file"), "");
    const { code, stderr } = await run("a-file", "tune", "--rounds", "1", "--threads", "1");
    expect(code).toBe(1);
    expect(stderr).toContain("a-file");
    expect(stderr).not.toContain("not a known error");
  });
});

describe("inspect --plan", () => {
  test("prints the layers of both ways, and totals", async () => {
    const { code, stdout, stderr } = await run("none", "inspect", "model", "--plan", "--size", "64");
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(stdout).toContain("Plan of the decoder, 64x64 pixels.");
    expect(stdout.match(/decoder\.conv_out/g)).toHaveLength(2);
    expect(stdout).toMatch(/In strips \(exact tiling\): about .* of memory/);
    expect(stdout).toMatch(/Chosen now: decoding 64x64 .* of memory/);
  });

  test("plans the encoder too", async () => {
    const { stdout } = await run("none", ...plan, "--half", "encoder");
    const { whole } = JSON.parse(stdout) as PlanJson;
    expect(whole.layers[0]).toMatchObject({ name: "encoder.conv_in", algorithm: "direct 3x3" });
  });

  test("takes the default prices, with one warning, when the cache is damaged", async () => {
    await mkdir(join(folder.path, "bad", "vaekit"), { recursive: true });
    await writeFile(join(folder.path, "bad", "vaekit", "profiles.json"), '{"format": 1, "entr');
    const { code, stdout, stderr } = await run("bad", ...plan);
    expect(code).toBe(0);
    expect((JSON.parse(stdout) as PlanJson).prices).toBe("default");
    expect(stderr.match(/warning/g)).toHaveLength(1);
    expect(stderr).toContain("Run `vaekit tune`");
  });

  test.each([
    [["--plan", "--size", "100x64"], "multiples of 8"],
    [["--size", "64"], "--size and --half are for --plan"],
  ])("%j is wrong usage", async (args, message) => {
    const { code, stderr } = await run("none", "inspect", "model", ...args);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});
