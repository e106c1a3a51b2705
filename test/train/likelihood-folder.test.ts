/** What a run with a likelihood leaves: a model that knows how its pixels are distributed, and files that resume. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Tensor } from "../../src/node/index.ts";
import { Generator, openVae, type PixelDistribution } from "../../src/node/index.ts";
import { SmallRuns } from "./small-runs.ts";
import { bytesOf } from "./train-cli.ts";

let runs: SmallRuns;
beforeAll(async () => {
  runs = await SmallRuns.create("digits");
});
afterAll(() => runs.remove());

const latents = Generator.torch(0).randn([3, 2]);

/** Opens the finished model of a run, and gives the means and distributions of the latents. */
async function decoded(name: string): Promise<{ mean: Tensor; distribution: PixelDistribution }> {
  await using vae = await openVae(runs.at(name, "model"), { device: "cpu" });
  const { sample } = await vae.decode(latents);
  return { mean: sample, distribution: await vae.decodeDistribution(latents, { slicing: true }) };
}

const likelihoods = {
  fixed: { scale: "fixed", initial_scale: 0.3 },
  shared: { scale: "shared" },
  "per-value": { scale: "per_value", min_scale: 0.01, initial_scale: 0.3 },
  optimal: { scale: "optimal" },
  levels: { distribution: "discretized_logistic", scale: "per_value" },
} as const;

describe.each(Object.entries(likelihoods))("a run with a %s scale", (name, likelihood) => {
  const sections = {
    loss: { likelihood },
    steps: 4,
    ema: { decay: 0.5 },
    log: { every: 3 },
    validation: { every: null, likelihood_samples: 3 },
    samples: { every: null, count: 2 },
  };
  beforeAll(() => runs.train(name, sections));

  it("writes the same bytes when it is interrupted and resumed", async () => {
    await runs.trainTo(2, `${name}-paused`, sections);
    await runs.train(`${name}-paused`, sections, { resume: true });
    expect(await bytesOf(runs.at(`${name}-paused`))).toEqual(await bytesOf(runs.at(name)));
  });

  it("logs nats, bits and the scale, and estimates log p(x) at the end", async () => {
    const [first, ...rest] = await runs.log(name);
    expect(first).toMatchObject({
      reconstruction: expect.any(Number) as number,
      scale: expect.any(Number) as number,
      bits_per_dimension: expect.any(Number) as number,
    });
    const last = rest.at(-1)!["validation"] as Record<string, number>;
    const corrected = last["nll"]! / (784 * Math.LN2) + (name === "levels" ? 0 : Math.log2(255));
    expect(last["nll_bits_per_dimension"]).toBeCloseTo(corrected, 6);
  });

  it("leaves a model that gives the distribution around its means", async () => {
    const { mean, distribution } = await decoded(name);
    // One picture at a time sums in another order.
    expect(distribution.mean).toBeAllclose(mean, { absolute: 1e-6 });
    const scales = distribution.scale!.data;
    const isOne = new Set(scales).size === 1;
    expect(isOne).toBe(!["per-value", "levels"].includes(name));
    expect(scales.every((scale) => scale > ("min_scale" in likelihood ? 0.01 : 1 / 255))).toBe(true);
    const sample = distribution.sample({ generator: Generator.torch(1) });
    expect(sample.shape).toEqual([3, 784]);
    expect(sample.equals(distribution.mean)).toBe(false);
  });
});

describe("a run with probabilities for each level", () => {
  const sections = {
    loss: { likelihood: { distribution: "categorical", levels: 3 } },
    model: { type: "mlp", hidden_sizes: [2], latent_size: 2, initialization: "glorot" },
    steps: 4,
    ema: { decay: 0.5 },
    log: { every: 3 },
    validation: { every: null, likelihood_samples: 3 },
    samples: { every: null, count: 2 },
  };
  beforeAll(() => runs.train("categorical", sections));

  it("writes the same bytes when it is interrupted and resumed", async () => {
    await runs.trainTo(2, "categorical-paused", sections);
    await runs.train("categorical-paused", sections, { resume: true });
    expect(await bytesOf(runs.at("categorical-paused"))).toEqual(await bytesOf(runs.at("categorical")));
  });

  it("logs bits of probabilities, and no scale", async () => {
    const [first, ...rest] = await runs.log("categorical");
    expect(first).not.toHaveProperty("scale");
    const nats = Number(first!["reconstruction"]) + Number(first!["kl"]);
    expect(first!["bits_per_dimension"]).toBeCloseTo(nats / (784 * Math.LN2), 5);
    const last = rest.at(-1)!["validation"] as Record<string, number>;
    expect(last["nll_bits_per_dimension"]).toBeCloseTo(last["nll"]! / (784 * Math.LN2), 6);
  });

  it("leaves a model that gives them, and decodes to their means", async () => {
    expect((await runs.config("categorical"))["pixels"]).toEqual({ distribution: "categorical", levels: 3 });
    const { mean, distribution } = await decoded("categorical");
    expect(distribution.mean).toBeAllclose(mean, { absolute: 1e-6 });
    const { data, shape } = distribution.logProbabilities!;
    expect(shape).toEqual([3, 784, 3]);
    const probabilities = [0, 1, 2].map((level) => Math.exp(data[level]!));
    expect(probabilities.reduce((sum, each) => sum + each, 0)).toBeCloseTo(1, 6);
    expect(0.5 * probabilities[1]! + probabilities[2]!).toBeCloseTo(Number(mean.data[0]), 6);
    const sample = distribution.sample({ generator: Generator.torch(1) });
    expect(new Set(sample.data)).toEqual(new Set([0, 0.5, 1]));
  });
});

it("an optimal scale becomes a fixed one, near what the log says of the last steps", async () => {
  const { pixels } = await runs.config("optimal");
  const { scale, initial_scale: measured } = pixels as { scale: string; initial_scale: number };
  expect(scale).toBe("fixed");
  const { distribution } = await decoded("optimal");
  expect(distribution.scale!.data[0]).toBeCloseTo(measured, 6);
  const logged = (await runs.log("optimal")).find(({ validation }) => validation === undefined)!["scale"];
  // Means of other batches, and weights of other steps.
  expect(measured / Number(logged)).toBeGreaterThan(0.5);
  expect(measured / Number(logged)).toBeLessThan(2);
});

it("other likelihoods mean other weights: a resume with one is refused", async () => {
  const sections = { loss: { likelihood: { scale: "shared", initial_scale: 0.5 } }, steps: 6 };
  await expect(runs.train("shared", sections, { resume: true })).rejects.toThrow(/likelihood/);
});

describe("an mlp without a likelihood", () => {
  it("of squared errors gives values, and no distribution of them", async () => {
    await runs.train("mse", { loss: { reconstruction: "mse" }, samples: { every: null, count: 2 } });
    expect((await runs.config("mse"))["pixels"]).toBe("values");
    await using vae = await openVae(runs.at("mse", "model"), { device: "cpu" });
    expect(vae.pixels).toBeUndefined();
    // Fresh weights are about 0 in the mean; a sigmoid of them would be about one half.
    const { sample } = await vae.decode(latents);
    expect(sample.data.some((value) => Number(value) < 0)).toBe(true);
    await expect(vae.decodeDistribution(latents)).rejects.toMatchObject({
      code: "UNSUPPORTED",
      message: expect.stringContaining("the model gives pixels and no distribution of them") as string,
    });
  });

  it("of cross-entropy is one of Bernoulli pixels, as its config always was", async () => {
    await runs.train("bce", { samples: { every: null, count: 2 } });
    expect(Object.keys(await runs.config("bce"))).not.toContain("pixels");
    const { mean, distribution } = await decoded("bce");
    expect(distribution).toMatchObject({ distribution: "bernoulli", scale: null });
    expect(distribution.mean).toBeAllclose(mean, { absolute: 1e-6 });
    const { data } = distribution.sample({ generator: Generator.torch(1) });
    expect(new Set(data)).toEqual(new Set([0, 1]));
  });
});
