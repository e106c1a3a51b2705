/** What a machine's convolutions cost, and the plans that follow: every figure stands for what it says. */
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { defaultProfile, planShape } from "../../src/cost/index.ts";
import {
  loadProfile,
  profileKey,
  profilePath,
  saveProfile,
  type LoadedProfile,
} from "../../src/cost/node/index.ts";
import { AutoencoderKL } from "../../src/node/index.ts";
import { describePlans, measureCosts, type MeasuredCosts } from "../../src/node/tune/index.ts";
import { probeShapes } from "../../src/plan/measure.ts";
import { Autoencoder, Mlp, runtimes } from "../small-models.ts";

/** With a cache folder in which there are no prices yet. */
async function inOwnCache<T>(work: () => Promise<T>): Promise<T> {
  const cache = await mkdtemp(join(tmpdir(), "vaekit-tune-"));
  vi.stubEnv("XDG_CACHE_HOME", cache);
  try {
    return await work();
  } finally {
    vi.unstubAllEnvs();
    await rm(cache, { recursive: true });
  }
}

const vae = Autoencoder.of(runtimes.Node!());
const rows = Mlp.of(runtimes.Node!());
afterAll(() => Promise.all([vae.dispose(), rows.dispose()]));

/** Of the models' machine, whatever this one has. */
const threadCount = 1;
const cores = availableParallelism();

describe("the plans of a half", () => {
  test("are for a picture of that size, whichever half works on it", async () => {
    for (const [half, first, last] of [
      // Two pixels to a latent.
      ["decoder", [1, 8, 8, 16], [1, 3, 16, 32]],
      ["encoder", [1, 4, 16, 32], [1, 8, 8, 16]],
    ] as const) {
      const report = await describePlans(vae, { half, width: 32, height: 16 });
      expect(report).toMatchObject({ half, width: 32, height: 16, provider: "cpu", threadCount });
      for (const { layers } of [report.whole, report.exact!]) {
        const shapes = layers.map(({ shape }) => shape);
        expect(shapes).toContainEqual(first);
        expect(shapes).toContainEqual(last);
      }
      expect(report.chosen).toMatchObject({ half });
      expect(report.whole.layers.every(({ strips }) => strips === 1)).toBe(true);
    }
  });

  test("say whose prices they are made with", async () => {
    const work = { half: "decoder", width: 16, height: 16 } as const;
    const [byDefault, measured] = await inOwnCache(async () => {
      const before = await describePlans(vae, work);
      const prices = defaultProfile("cpu", threadCount);
      const slow = { ...prices, direct: { ...prices.direct, flop: 1000 * prices.direct.flop }, tiles: {} };
      await saveProfile(profileKey("cpu", threadCount), slow);
      return [before, await describePlans(vae, work)];
    });
    expect(byDefault.prices).toBe("default");
    expect(measured.prices).toBe("measured");
    expect(measured.whole.seconds).toBeGreaterThan(byDefault.whole.seconds);
    expect(measured.exact!.seconds).toBeGreaterThan(byDefault.exact!.seconds);
  });

  test("are for the threads that a model was opened with", async () => {
    const work = { half: "decoder", width: 256, height: 256 } as const;
    const secondsWith = async (count: number): Promise<number> => {
      await using own = await AutoencoderKL.default({ device: "cpu", threadCount: count });
      const report = await describePlans(own, work);
      expect([report.threadCount, report.chosen.threadCount]).toEqual([count, count]);
      return report.whole.seconds;
    };
    const [one, four] = [await secondsWith(1), await secondsWith(4)];
    expect(one).toBeGreaterThan(four);
  });

  test("are the whole alone where there are no strips", async () => {
    const { whole, exact, chosen } = await describePlans(rows, { half: "decoder", width: 6, height: 1 });
    expect(exact).toBeNull();
    expect(whole.layers.length).toBeGreaterThan(0);
    expect(chosen.tiling).toBe("off");
  });

  test.each([
    [
      { half: "decoder", width: 15, height: 16 },
      "size: expected multiples of 2 for this model, found 15x16.",
    ],
    [
      { half: "encoder", width: 16, height: 15 },
      "size: expected multiples of 2 for this model, found 16x15.",
    ],
    [{ half: "middle", width: 16, height: 16 }, "describePlans: half: expected"],
    [{ half: "encoder", height: 16 }, "describePlans: width: expected"],
    [{ half: "encoder", width: 16 }, "describePlans: height: expected"],
    [{ half: "encoder", width: 16, height: 16, heigth: 1 }, "describePlans: unknown option heigth"],
  ])("are refused for %j", async (work, message) => {
    await expect(describePlans(vae, work as never)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining(message) as string,
    });
  });
});

describe("the costs of a machine", () => {
  const progress: number[][] = [];
  let costs: MeasuredCosts;
  let stored: LoadedProfile;
  beforeAll(async () => {
    await inOwnCache(async () => {
      costs = await measureCosts({ rounds: 1, onProgress: (...done) => progress.push(done) });
      expect(costs.path).toBe(profilePath());
      stored = await loadProfile(costs.key);
    });
  }, 300_000);

  test("are measured convolution by convolution, in both ways", () => {
    const { convolutions, measurements, profile } = costs;
    expect(profile).toMatchObject({ provider: "cpu", threadCount: cores });
    expect(convolutions.map(({ shape }) => shape)).toEqual(probeShapes);
    for (const { shape, directSeconds, winogradSeconds, expectedGain, chosen } of convolutions) {
      const secondsBy = (algorithm: unknown): unknown =>
        measurements.find((each) => each.shape === shape && each.algorithm === algorithm)?.seconds;
      expect([directSeconds, winogradSeconds]).toEqual([secondsBy("direct"), secondsBy(4)]);
      // Tiles of 4 multiply a quarter as often, and move more: by the default prices it is never more than these four.
      expect(expectedGain).toBeGreaterThan(0.25);
      expect(expectedGain).toBeLessThan(4);
      expect(chosen).toBe(planShape(shape, profile).algorithm);
    }
    expect(progress.at(-1)![0]).toBe(progress.at(-1)![1]);
  });

  test("stand beside the default's, with the error in the middle of all", () => {
    expect(costs.defaultProfile).toEqual(defaultProfile("cpu", cores));
    const errors = costs.measurements.map(({ seconds, predictedSeconds }) =>
      Math.abs(predictedSeconds / seconds - 1),
    );
    expect(errors).toContain(costs.error);
    expect(errors.filter((error) => error < costs.error)).toHaveLength(Math.floor(errors.length / 2));
  });

  test("are the planner's from then on", () => {
    expect(costs.key).toEqual(profileKey("cpu", cores));
    expect(stored).toEqual({ profile: costs.profile, source: "measured" });
  });
});
