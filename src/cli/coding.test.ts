import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { withOutputs } from "../../test/cli/run-cli.ts";
import { AutoencoderKL, type CodingPlan, type ModelFacts } from "../node/index.ts";
import { checkTiling, Coding, planText } from "./coding.ts";
import type { JsonOptions, TilingOptions } from "./options.ts";
import { Progress } from "./progress.ts";

let vae: AutoencoderKL;
let folder: string;
beforeAll(async () => {
  vae = AutoencoderKL.fromConfig({ blockOutChannels: [4, 4], normNumGroups: 2, ...twoBlocks });
  folder = await mkdtemp(join(tmpdir(), "vaekit-coding-"));
});
afterAll(async () => {
  await vae.dispose();
  await rm(folder, { recursive: true });
});

const twoBlocks = {
  downBlockTypes: ["DownEncoderBlock2D", "DownEncoderBlock2D"],
  upBlockTypes: ["UpDecoderBlock2D", "UpDecoderBlock2D"],
} as const;

const plan: CodingPlan = {
  half: "decoder",
  size: { batch: 1, height: 96, width: 128 },
  device: "cpu",
  tiling: "exact",
  stripCount: 12,
  threadCount: 2,
  peakBytes: 812e6,
  fileBytes: 0,
  seconds: 5.2,
};

describe("a plan in words", () => {
  const facts = { layout: "planes", spatialFactor: 8 } as ModelFacts;

  test("has the picture's size, whichever half works on it", () => {
    expect(planText(plan, facts)).toBe("decoding 1024x768 in 12 strips: about 5.20 s, 812.0 MB of memory");
    expect(planText({ ...plan, half: "encoder", stripCount: 1 }, facts)).toBe(
      "encoding 128x96 in 1 strip: about 5.20 s, 812.0 MB of memory",
    );
  });

  test("says where there are no strips, where there is a file, and where there are rows", () => {
    expect(planText({ ...plan, tiling: "off", seconds: 0.25 }, facts)).toBe(
      "decoding 1024x768 as a whole: about 250 ms, 812.0 MB of memory",
    );
    expect(planText({ ...plan, fileBytes: 1.2e9 }, facts)).toMatch(
      / of memory, 1\.2 GB in a temporary file$/,
    );
    expect(planText(plan, { ...facts, layout: "rows" })).toMatch(/^decoding rows in 12 strips:/);
  });
});

/** What stands on stderr after these plans. */
async function said(
  options: TilingOptions & JsonOptions,
  plans: readonly CodingPlan[],
  isTerminal = false,
): Promise<string[]> {
  const { stderr } = await withOutputs(
    () => {
      using progress = new Progress(1);
      const coding = new Coding(vae, options, progress);
      for (const each of plans) coding.options.onPlan!(each);
      expect(coding.plan).toBe(plans.at(-1));
    },
    { isTerminal },
  );
  return stderr.split("\n").slice(0, -1);
}

describe("how a command codes", () => {
  test("is what its options ask for", () => {
    using progress = new Progress(1);
    const asked = new Coding(vae, { tiling: "exact", memory: 5e8, tempDir: "t" }, progress).options;
    expect(asked).toEqual({
      tiling: "exact",
      maxMemoryBytes: 5e8,
      temporaryFolder: "t",
      onPlan: expect.any(Function) as unknown,
    });
    expect(new Coding(vae, {}, progress).options).toEqual({ onPlan: expect.any(Function) as unknown });
    // There would be a plan for each tile.
    expect(new Coding(vae, { tiling: "diffusers" }, progress).options).toEqual({ tiling: "diffusers" });
    expect(new Coding(vae, {}, progress).plan).toBeUndefined();
  });

  test("is said once for each half, size and way, where it was asked for", async () => {
    const plans = [plan, plan, { ...plan, tiling: "off" }, { ...plan, half: "encoder" }, plan] as const;
    const lines = await said({ memory: 1e9 }, plans);
    expect(lines).toEqual([
      "vaekit: decoding 256x192 in 12 strips: about 5.20 s, 812.0 MB of memory",
      "vaekit: decoding 256x192 as a whole: about 5.20 s, 812.0 MB of memory",
      "vaekit: encoding 128x96 in 12 strips: about 5.20 s, 812.0 MB of memory",
    ]);
    const other = { ...plan, size: { ...plan.size, width: 96 } };
    expect(await said({ tiling: "auto" }, [plan, other])).toHaveLength(2);
  });

  test("is not said where nobody asked, unless a person watches, and never beside JSON", async () => {
    expect(await said({}, [plan])).toEqual([]);
    expect(await said({ tempDir: "t" }, [plan])).toEqual([]);
    expect(await said({}, [plan], true)).toHaveLength(1);
    expect(await said({ json: true, tiling: "exact", memory: 1e9 }, [plan], true)).toEqual([]);
  });
});

describe("what belongs together", () => {
  test.each([
    [
      { tiling: "off", memory: 1e9 },
      "--memory is for --tiling auto and exact, found off. Leave one of them out.",
    ],
    [
      { tiling: "diffusers", memory: 1e9, tempDir: "." },
      "--memory is for --tiling auto and exact, found diffusers.",
    ],
    [{ tiling: "off", tempDir: "." }, "--temp-dir is for --tiling auto and exact, found off."],
  ] as const)("%o is refused", async (options, message) => {
    await expect(checkTiling(options)).rejects.toMatchObject({
      name: "UsageError",
      message: expect.stringContaining(message) as string,
    });
  });

  test("is all that is allowed", async () => {
    for (const tiling of [undefined, "auto", "exact"] as const)
      await checkTiling({ ...(tiling && { tiling }), memory: 1, tempDir: folder });
    for (const tiling of ["off", "diffusers"] as const) await checkTiling({ tiling });
    await checkTiling({});
  });

  test("is a folder that is one", async () => {
    await writeFile(join(folder, "file"), "");
    for (const name of ["file", "nowhere"]) {
      const tempDir = join(folder, name);
      await expect(checkTiling({ tempDir })).rejects.toMatchObject({
        code: "IO",
        message: `--temp-dir: expected a folder that is there, found ${tempDir}. Make it first.`,
      });
    }
  });
});
