/** Whole runs of the smallest VQModel: what they leave, that they go on, and what they refuse. */
import { cp, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { VQModel } from "../../src/node/index.ts";
import { codebookName } from "../../src/models/index.ts";
import { flatConfig, type Section } from "./small-recipe.ts";
import { SmallRuns } from "./small-runs.ts";
import { bytesOf } from "./train-cli.ts";

let runs: SmallRuns;
beforeAll(async () => {
  runs = await SmallRuns.create("pictures", 6);
});
afterAll(() => runs.remove());

const config = { ...flatConfig, num_vq_embeddings: 7 };
const vq = (section: Section = {}): Section => ({ type: "vq_model", config, ...section });

/** Everything that has a state: rows that follow, averages of the weights, gathered gradients, an adversary. */
const everything = {
  model: vq({ quantizer: { ema: { decay: 0.9, restart_below: 0.5 } } }),
  steps: 4,
  log: { every: 3 },
  loss: { reduction: "ldm", adversarial: { weight: 0.5, start_step: 1, channels: 4, layers: 1 } },
  ema: { decay: 0.99 },
  data: { validation_count: 1 },
  batch_size: 1,
  accumulate: 2,
  samples: { count: 2 },
};

describe("a run", () => {
  test("leaves a folder that opens as a VQModel, sheets of reconstructions, and what the codebook is used for", async () => {
    const { validation } = await runs.train("whole", everything);
    expect(await runs.config("whole")).toMatchObject({
      _class_name: "VQModel",
      num_vq_embeddings: 7,
      scaling_factor: 0.18215,
    });
    await using vae = await VQModel.fromPretrained(runs.at("whole", "model"), { device: "cpu" });
    expect(vae.config.numVqEmbeddings).toBe(7);
    expect(await readdir(runs.at("whole", "samples"))).toEqual(["step-000004-reconstructions.png"]);
    const [line] = await runs.log("whole");
    for (const usage of [line!, validation!] as Record<string, number>[]) {
      expect(usage["perplexity"]).toBeGreaterThanOrEqual(1);
      expect(usage["perplexity"]).toBeLessThanOrEqual(7 * usage["codebook_usage"]! + 1e-4);
    }
    expect(Object.keys(line!)).toEqual(expect.arrayContaining(["commit_loss", "adaptive_weight"]));
    expect(line).not.toHaveProperty("kl");
  });

  test("that was interrupted goes on to the same bytes", async () => {
    await runs.trainTo(2, "paused", everything);
    await runs.train("paused", everything, { resume: true });
    expect(await bytesOf(runs.at("paused"))).toEqual(await bytesOf(runs.at("whole")));
  });

  test("of another codebook is not gone on with", async () => {
    const other = { ...everything, model: vq({ config: { ...config, num_vq_embeddings: 8 } }) };
    await expect(runs.train("paused", other, { resume: true })).rejects.toMatchObject({
      code: "WEIGHTS_MISMATCH",
      message: expect.stringContaining("num_vq_embeddings is 7 in the checkpoint, 8 in the recipe") as string,
    });
  });

  test("with rows that the optimizer moved is not gone on with by averages", async () => {
    const sections = { model: vq(), steps: 2 };
    await runs.trainTo(1, "moved", sections);
    const averaged = { ...sections, model: everything.model };
    await expect(runs.train("moved", averaged, { resume: true })).rejects.toThrow(
      "the tensor codebook.statistics is missing",
    );
  });
});

describe("fine-tuning", () => {
  const from = (section: Section = {}): Section => ({
    model: { type: "vq_model", pretrained: runs.at("whole", "model"), ...section },
    steps: 2,
  });

  test("moves what is trainable, and the codebook with the rest", async () => {
    await runs.train("fine", from());
    await runs.train("decoder", from({ trainable: ["decoder.*"] }));
    const [start, fine, decoder] = await Promise.all(
      ["whole", "fine", "decoder"].map((name) => runs.model(name)),
    );
    const moved = (model: typeof fine, name: string): boolean => !model!.get(name)!.equals(start!.get(name)!);
    const names = ["encoder.conv_in.weight", codebookName, "decoder.conv_out.weight"];
    expect(names.map((name) => moved(fine, name))).toEqual([true, true, true]);
    expect(names.map((name) => moved(decoder, name))).toEqual([false, false, true]);
    expect(await runs.config("fine")).toMatchObject(await runs.config("whole"));
  });

  test("refuses a folder whose codebook is not that of its config", async () => {
    const folder = runs.at("mismatch");
    await cp(runs.at("whole", "model"), folder, { recursive: true });
    const text = JSON.stringify({ ...(await runs.config("whole")), num_vq_embeddings: 8 });
    await writeFile(join(folder, "config.json"), text);
    await expect(runs.train("never", from({ pretrained: folder }))).rejects.toMatchObject({
      code: "WEIGHTS_MISMATCH",
      message: expect.stringContaining("quantize.embedding.weight") as string,
    });
  });

  test("refuses a folder of another class", async () => {
    await runs.train("kl", { steps: 1 });
    await expect(runs.train("never", from({ pretrained: runs.at("kl", "model") }))).rejects.toMatchObject({
      code: expect.stringMatching(/INVALID_CONFIG|UNSUPPORTED/) as string,
      message: expect.stringContaining("AutoencoderKL") as string,
    });
  });

  test("refuses averages for a codebook that is left out", async () => {
    const sections = from({ trainable: ["decoder.*"], quantizer: { ema: {} } });
    await expect(runs.train("refused", sections)).rejects.toMatchObject({
      code: "INVALID_CONFIG",
      message: expect.stringContaining(
        "model.quantizer.ema: it moves quantize.embedding.weight, which model.trainable leaves out",
      ) as string,
    });
  });
});

test.each<[string, Section, string]>([
  [
    "beta below 0",
    { model: vq({ quantizer: { beta: -1 } }) },
    "model.quantizer.beta: expected a number of at least 0, found -1",
  ],
  ["a decay of 1", { model: vq({ quantizer: { ema: { decay: 1 } } }) }, "model.quantizer.ema.decay"],
  ["a decay below 0", { model: vq({ quantizer: { ema: { decay: -0.1 } } }) }, "model.quantizer.ema.decay"],
  [
    "restarts of rows that are in use",
    { model: vq({ quantizer: { ema: { restart_below: 2 } } }) },
    "model.quantizer.ema.restart_below",
  ],
  [
    "a loss that averages do not have",
    { model: vq({ quantizer: { legacy: true, ema: {} } }) },
    "model.quantizer.legacy: it is about",
  ],
  [
    "a divergence",
    { model: vq(), loss: { kl: { weight: 1e-6 } } },
    "loss.kl: the latents of a vq_model are rows",
  ],
  [
    "free bits",
    { model: vq(), loss: { kl: { free_bits: 1 } } },
    "loss.kl: the latents of a vq_model are rows",
  ],
  [
    "a bound",
    { model: vq(), loss: { importance: { samples: 2 } } },
    "loss.importance: it is for latents that are drawn",
  ],
  [
    "pixels with a scale",
    { model: vq(), loss: { likelihood: { distribution: "normal" } } },
    "loss.likelihood: a vq_model has none",
  ],
  [
    "a likelihood",
    { model: vq(), validation: { likelihood_samples: 2 } },
    "a vq_model has no likelihood to estimate",
  ],
  [
    "calibration",
    { model: vq({ calibrate: true }) },
    "model.calibrate: no such key; only another type of model has it",
  ],
  [
    "a codebook of no rows",
    { model: vq({ config: { ...config, num_vq_embeddings: 0 } }) },
    "num_vq_embeddings: expected a positive whole number, found 0",
  ],
])("%s is refused", (_, sections, message) => {
  expect(() => runs.recipe(sections)).toThrow(message);
});
