/** What a run of an AutoencoderKL with a likelihood leaves: a model that others open, and beside it how its pixels scatter. */
import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  AutoencoderKL,
  Generator,
  openVae,
  readSafetensorsFile,
  type NodeVae,
  type PixelDistribution,
  type Tensor,
} from "../../src/node/index.ts";
import { writeSafetensorsFile } from "../../src/weights/node/index.ts";
import { flatConfig } from "./small-recipe.ts";
import { SmallRuns } from "./small-runs.ts";
import { bytesOf } from "./train-cli.ts";

let runs: SmallRuns;
beforeAll(async () => {
  runs = await SmallRuns.create("pictures", 4);
});
afterAll(() => runs.remove());

/** Its latents are of one pixel each. */
const model = { config: flatConfig };
const latents = Generator.torch(0).randn([2, 2, 5, 3]);
const file = "likelihood.safetensors";

const open = (name: string): Promise<NodeVae> => openVae(runs.at(name, "model"), { device: "cpu" });

/** The picture's values in the order of channels, of the first picture. */
const channelsOf = (tensor: Tensor): number[][] => {
  const size = tensor.shape[2]! * tensor.shape[3]!;
  return [0, 1, 2].map((c) => Array.from(tensor.toFloat32().data.slice(c * size, (c + 1) * size)));
};

const likelihoods = {
  fixed: { scale: "fixed", initial_scale: 0.3 },
  shared: { scale: "shared" },
  "per-channel": { scale: "per_channel" },
  "per-value": { scale: "per_value", min_scale: 0.02, initial_scale: 0.3 },
  optimal: { scale: "optimal" },
  levels: { distribution: "discretized_logistic", scale: "per_value" },
} as const;

/** How many parameters each scale has: its tensors' names and shapes. */
const tensorsOf = {
  fixed: {},
  shared: { "likelihood.scale": [1] },
  "per-channel": { "likelihood.scale": [3] },
  "per-value": { "likelihood.scale.weight": [3, 4, 3, 3], "likelihood.scale.bias": [3] },
  optimal: {},
  levels: { "likelihood.scale.weight": [3, 4, 3, 3], "likelihood.scale.bias": [3] },
} as const;

describe.each(Object.entries(likelihoods))("a run with a %s scale", (name, likelihood) => {
  const sections = {
    model,
    loss: { likelihood },
    data: { validation_count: 2 },
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

  it("logs nats, bits and the scale, beside PSNR, and estimates log p(x) at the end", async () => {
    const [first, ...rest] = await runs.log(name);
    expect(first).toMatchObject({
      reconstruction: expect.any(Number) as number,
      scale: expect.any(Number) as number,
      bits_per_dimension: expect.any(Number) as number,
      kl_weight: 1,
    });
    const last = rest.at(-1)!["validation"] as Record<string, number>;
    const values = 3 * 8 * 8;
    const corrected = last["nll"]! / (values * Math.LN2) + (name === "levels" ? 0 : Math.log2(255 / 2));
    expect(last["nll_bits_per_dimension"]).toBeCloseTo(corrected, 6);
    expect(last).toMatchObject({
      psnr: expect.any(Number) as number,
      bits_per_dimension: expect.any(Number) as number,
    });
  });

  it("leaves weights of the class's names only, and the scale's averaged ones in a file of their own", async () => {
    expect((await readdir(runs.at(name, "model"))).sort()).toEqual([
      "config.json",
      "diffusion_pytorch_model.safetensors",
      file,
    ]);
    expect(Object.keys(await runs.config(name))).not.toContain("pixels");
    expect([...(await runs.model(name)).keys()].filter((each) => each.startsWith("likelihood"))).toEqual([]);
    const { tensors } = await readSafetensorsFile(runs.at(name, "model", file));
    const shapes = Object.fromEntries([...tensors].map(([each, { shape }]) => [each, shape]));
    expect(shapes).toEqual(tensorsOf[name as keyof typeof tensorsOf]);
    const averaged = await runs.parameters(name, 4, "ema", runs.recipe(sections));
    for (const [each, tensor] of tensors) {
      expect(tensor.equals(averaged.get(each)!)).toBe(true);
      expect(tensor.toFloat32().data.some((value) => value !== 0)).toBe(true);
    }
  });

  it("leaves a model that gives the distribution around its means", async () => {
    await using vae = await open(name);
    const { sample } = await vae.decode(latents);
    const distribution = await vae.decodeDistribution(latents);
    // The last convolution may be computed in another order.
    expect(distribution.mean).toBeAllclose(sample, { absolute: 1e-5 });
    const perChannel = channelsOf(distribution.scale!).map((scales) => new Set(scales).size);
    expect(perChannel.every((count) => count === 1)).toBe(!["per-value", "levels"].includes(name));
    const least = "min_scale" in likelihood ? 0.02 : 2 / 255;
    expect(distribution.scale!.data.every((scale) => scale > least)).toBe(true);
    const drawn = distribution.sample({ generator: Generator.torch(1) });
    expect(drawn.shape).toEqual([2, 3, 5, 3]);
    expect(drawn.equals(distribution.mean)).toBe(false);
  });

  it("gives the same in strips and one picture at a time", async () => {
    await using vae = await open(name);
    const distributionWith = (options: object): Promise<PixelDistribution> =>
      vae.decodeDistribution(latents, options);
    const whole = await distributionWith({ tiling: "off" });
    for (const options of [{ tiling: "exact" }, { slicing: true }]) {
      const { mean, scale } = await distributionWith(options);
      // Rounding, in another order.
      expect(mean).toBeAllclose(whole.mean, { absolute: 1e-5 });
      expect(scale).toBeAllclose(whole.scale!, { relative: 1e-5, absolute: 0 });
    }
  });
});

it("a run with an adversary beside the likelihood, and gathered gradients, goes on to the same bytes", async () => {
  const sections = {
    model,
    loss: {
      likelihood: { scale: "per_value" },
      reduction: "ldm",
      adversarial: { weight: 0.5, start_step: 1, channels: 4, layers: 1 },
    },
    accumulate: 2,
    batch_size: 1,
    steps: 3,
    samples: { every: null, count: 2 },
  };
  await runs.train("adversary", sections);
  const [line] = await runs.log("adversary");
  expect(line).toMatchObject({
    adaptive_weight: expect.any(Number) as number,
    scale: expect.any(Number) as number,
  });
  await runs.trainTo(2, "adversary-paused", sections);
  await runs.train("adversary-paused", sections, { resume: true });
  expect(await bytesOf(runs.at("adversary-paused"))).toEqual(await bytesOf(runs.at("adversary")));
});

it("a scale of channels learns one number for each", async () => {
  await using vae = await open("per-channel");
  const { scale } = await vae.decodeDistribution(latents);
  expect(new Set(channelsOf(scale!).map(([first]) => first)).size).toBe(3);
});

it("an optimal scale becomes a fixed one, near what the log says of the last steps", async () => {
  await using vae = await open("optimal");
  const { pixels } = vae;
  expect(pixels).toMatchObject({ distribution: "normal", scale: "fixed", minScale: null });
  const { initialScale: measured } = pixels as { initialScale: number };
  const logged = (await runs.log("optimal")).find(({ validation }) => validation === undefined)!["scale"];
  // Means of other batches, and weights of other steps.
  expect(measured / Number(logged)).toBeGreaterThan(0.5);
  expect(measured / Number(logged)).toBeLessThan(2);
});

it("other likelihoods mean other weights: a resume with one is refused", async () => {
  const sections = { model, loss: { likelihood: { scale: "shared", initial_scale: 0.5 } }, steps: 6 };
  await expect(runs.train("per-value", sections, { resume: true })).rejects.toThrow(/likelihood/);
});

describe("the file beside the weights", () => {
  it("goes with the model where it is saved, and none of another model's stays there", async () => {
    await using vae = await AutoencoderKL.fromPretrained(runs.at("per-value", "model"), { device: "cpu" });
    await vae.savePretrained(runs.at("saved"));
    const bytes = (...names: string[]): Promise<Buffer> => readFile(runs.at(...names, file));
    expect(await bytes("saved")).toEqual(await bytes("per-value", "model"));
    await using other = AutoencoderKL.fromConfig(vae.config);
    await other.savePretrained(runs.at("saved"));
    expect(await readdir(runs.at("saved"))).not.toContain(file);
    await using reopened = await openVae(runs.at("saved"), { device: "cpu" });
    expect(reopened.pixels).toBeUndefined();
  });

  it("comes with a decoder alone, and not with an encoder", async () => {
    await using whole = await open("per-value");
    const path = runs.at("per-value", "model");
    await using decoder = await openVae({ decoder: path }, { device: "cpu" });
    const expected = await whole.decodeDistribution(latents);
    expect((await decoder.decodeDistribution(latents)).scale!.equals(expected.scale!)).toBe(true);
    await using encoder = await openVae({ encoder: path }, { device: "cpu" });
    expect(encoder.pixels).toBeUndefined();
    await using pair = await openVae({ encoder: path, decoder: path }, { device: "cpu" });
    expect(pair.pixels).toEqual(whole.pixels);
  });

  it("is a file in use while the model is open", async () => {
    await using vae = await open("per-value");
    expect(vae.weightFiles).toContain(runs.at("per-value", "model", file));
  });

  it.each([
    [
      "of no likelihood",
      {},
      { format: "pt" },
      "expected the likelihood of a model's pixels in the metadata (pixels), found none",
    ],
    ["of no JSON", {}, { pixels: "{" }, "found no JSON"],
    ["of another scale", {}, { pixels: '{"distribution": "normal"}' }, "pixels: scale: "],
    ["without its tensors", {}, "per-value", "found no likelihood.scale.weight, likelihood.scale.bias"],
  ] as const)("%s is refused with its path", async (_, tensors, from, message) => {
    const folder = runs.at("damaged");
    await mkdir(folder, { recursive: true });
    for (const name of ["config.json", "diffusion_pytorch_model.safetensors"]) {
      await copyFile(runs.at("shared", "model", name), runs.at("damaged", name));
    }
    const metadata =
      from === "per-value" ? (await readSafetensorsFile(runs.at(from, "model", file))).metadata : from;
    await writeSafetensorsFile(runs.at("damaged", file), new Map(Object.entries(tensors)), metadata);
    await expect(openVae(folder, { device: "cpu" })).rejects.toThrow(message);
    await expect(openVae(folder, { device: "cpu" })).rejects.toThrow(runs.at("damaged", file));
  });

  it("that is no safetensors is refused", async () => {
    await writeFile(runs.at("damaged", file), "no tensors");
    await expect(openVae(runs.at("damaged"), { device: "cpu" })).rejects.toMatchObject({
      code: "INVALID_FILE",
    });
  });
});

describe("fine-tuning with a likelihood", () => {
  it("trains the scale with whatever of the model is trained", async () => {
    await runs.train("start", { model, steps: 1 });
    const sections = {
      model: { pretrained: runs.at("start", "model"), trainable: ["decoder.conv_out.*"] },
      loss: { likelihood: { scale: "per_value" } },
      steps: 2,
    };
    await runs.train("fine", sections);
    const [before, after] = await Promise.all(["start", "fine"].map((name) => runs.model(name)));
    const moved = [...before!]
      .filter(([name, tensor]) => !tensor.equals(after!.get(name)!))
      .map(([name]) => name);
    expect(moved).toEqual(["decoder.conv_out.bias", "decoder.conv_out.weight"]);
    const { tensors } = await readSafetensorsFile(runs.at("fine", "model", file));
    expect(
      [...tensors.values()].every((tensor) => tensor.toFloat32().data.some((value) => value !== 0)),
    ).toBe(true);
  });
});
