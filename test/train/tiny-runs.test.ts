/** Whole runs of the smallest AutoencoderTiny: what they leave, that they go on, and what they refuse. */
import { readdir } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AutoencoderTiny, openVae } from "../../src/node/index.ts";
import { smallConfig, type Section } from "./small-recipe.ts";
import { SmallRuns } from "./small-runs.ts";
import { bytesOf } from "./train-cli.ts";

let runs: SmallRuns;
beforeAll(async () => {
  runs = await SmallRuns.create("pictures", 6);
  await runs.train("teacher", { steps: 1 });
});
afterAll(() => runs.remove());

/** Two pixels to a latent of two channels, as the teacher has them. */
const config = {
  latent_channels: 2,
  encoder_block_out_channels: [4, 4],
  num_encoder_blocks: [0, 1],
  decoder_block_out_channels: [4, 4],
  num_decoder_blocks: [1, 0],
};

const distillation = (section: Section = {}): Section => ({
  teacher: runs.at("teacher", "model"),
  ...section,
});

const tiny = (section: Section = {}, loss: Section = {}): Section => ({
  model: { type: "autoencoder_tiny", config, ...section },
  loss: { distillation: distillation(), ...loss },
});

/** Everything that has a state: averages of the weights, gathered gradients, an adversary. */
const everything = (): Section => ({
  ...tiny({}, { reduction: "ldm", adversarial: { weight: 0.5, start_step: 1, channels: 4, layers: 1 } }),
  steps: 4,
  log: { every: 3 },
  ema: { decay: 0.99 },
  data: { validation_count: 1 },
  batch_size: 1,
  accumulate: 2,
  samples: { count: 2 },
});

describe("a run", () => {
  test("leaves a folder that opens as an AutoencoderTiny, sheets of reconstructions, and how far its latents are", async () => {
    const { validation } = await runs.train("whole", everything());
    expect(await runs.config("whole")).toMatchObject({
      _class_name: "AutoencoderTiny",
      ...config,
      scaling_factor: 1,
    });
    await using vae = await AutoencoderTiny.fromPretrained(runs.at("whole", "model"), { device: "cpu" });
    expect(vae.spatialFactor).toBe(2);
    expect(await readdir(runs.at("whole", "samples"))).toEqual(["step-000004-reconstructions.png"]);
    const [line] = await runs.log("whole");
    for (const terms of [line!, validation!] as Record<string, number>[]) {
      expect(terms["latent"]).toBeGreaterThan(0);
      expect(terms).not.toHaveProperty("kl");
    }
  });

  test("that was interrupted goes on to the same bytes", async () => {
    await runs.trainTo(2, "paused", everything());
    await runs.train("paused", everything(), { resume: true });
    expect(await bytesOf(runs.at("paused"))).toEqual(await bytesOf(runs.at("whole")));
  });

  test("of other blocks is not gone on with", async () => {
    const other = { ...everything(), ...tiny({ config: { ...config, num_decoder_blocks: [2, 0] } }) };
    await expect(runs.train("paused", other, { resume: true })).rejects.toMatchObject({
      code: "WEIGHTS_MISMATCH",
      message: expect.stringContaining("num_decoder_blocks") as string,
    });
  });

  test("computes blocks again to the same model", async () => {
    for (const recompute of [false, true])
      await runs.train(`recompute ${recompute}`, { ...tiny(), recompute });
    const [plain, again] = await Promise.all(
      ["recompute false", "recompute true"].map((name) => runs.model(name)),
    );
    expect([...again!.keys()]).toEqual([...plain!.keys()]);
    // The same products, in sessions that ONNX Runtime may arrange otherwise.
    for (const [name, tensor] of plain!) expect(again!.get(name)).toBeAllclose(tensor, { absolute: 1e-5 });
  });
});

test("a run can begin by passing latents on, which is refused where there are fewer channels", async () => {
  await runs.train("identity", {
    ...tiny({ initialization: "identity" }),
    steps: 1,
    optimizer: { learning_rate: 1e-9 },
  });
  const weights = await runs.model("identity");
  expect(Math.abs(weights.get("decoder.layers.0.weight")!.data[4]! - 1 / 3)).toBeLessThan(1e-6);
  const few = { ...config, latent_channels: 8 };
  await runs.train("eight", { model: { config: { ...smallConfig, latent_channels: 8 } }, steps: 1 });
  const teacher = { distillation: { teacher: runs.at("eight", "model") } };
  await expect(
    runs.train("refused", tiny({ config: few, initialization: "identity" }, teacher)),
  ).rejects.toThrow("model.initialization: identity passes latents on by ReLUs");
});

describe("one half", () => {
  const names = ["encoder.layers.0.weight", "decoder.layers.0.weight"];

  test("is the decoder alone, which needs no encoder to give previews", async () => {
    await runs.train("decoder", { ...tiny({ trainable: ["decoder.*"] }), data: { validation_count: 1 } });
    const model = await runs.model("decoder");
    expect(names.map((name) => model.has(name))).toEqual([false, true]);
    const [line] = await runs.log("decoder");
    expect(line).not.toHaveProperty("latent");
    await using vae = await openVae(runs.at("decoder", "model"), { device: "cpu" });
    expect(vae.halves).toEqual(["decoder"]);
  });

  test("of a pretrained model moves, and the other one stays", async () => {
    const from = (section: Section): Section => ({
      ...tiny({ config: null, pretrained: runs.at("whole", "model"), ...section }),
      steps: 2,
    });
    await runs.train("encoder only", from({ trainable: ["encoder.*"] }));
    await runs.train("decoder only", from({ trainable: ["decoder.*"] }));
    const start = await runs.model("whole");
    const moved = async (run: string): Promise<boolean[]> => {
      const model = await runs.model(run);
      return names.map((name) => !model.get(name)!.equals(start.get(name)!));
    };
    expect(await moved("encoder only")).toEqual([true, false]);
    expect(await moved("decoder only")).toEqual([false, true]);
  });

  test("cannot be the encoder of a model that begins anew", async () => {
    await expect(runs.train("refused", tiny({ trainable: ["encoder.*"] }))).rejects.toThrow(
      "model.trainable: only a pretrained model can have frozen parts.",
    );
  });
});

describe("a teacher", () => {
  test("of other latents is refused", async () => {
    for (const [name, changes] of [
      ["more channels", { latent_channels: 4 }],
      ["a larger factor", { block_out_channels: [4, 4, 4] }],
    ] as const) {
      await runs.train(name, { model: { config: { ...smallConfig, ...changes } }, steps: 1 });
      const teacher = runs.at(name, "model");
      await expect(runs.train("refused", tiny({}, { distillation: { teacher } }))).rejects.toMatchObject({
        code: "INVALID_CONFIG",
        message: expect.stringMatching(
          /^loss\.distillation\.teacher: expected a VAE whose latents have the shape of the model's, \[1, 2, 8, 8\] for a picture of 16 pixels, found \[1, [24], [48], [48]\] in .*\.$/,
        ) as string,
      });
    }
  });

  test("is the built-in model where the recipe names none, and it does not fit this student", async () => {
    const sections = { model: { type: "autoencoder_tiny", config } };
    await expect(runs.train("refused", sections)).rejects.toThrow("found [1, 16, 2, 2] in default.");
  });

  test("of another class is refused", async () => {
    const teacher = runs.at("whole", "model");
    await expect(runs.train("refused", tiny({}, { distillation: { teacher } }))).rejects.toThrow(
      "AutoencoderTiny",
    );
  });
});

test.each<[string, () => Section, string]>([
  [
    "no teacher",
    () => ({ ...tiny(), loss: { distillation: null } }),
    "loss.distillation: an autoencoder_tiny learns from a teacher",
  ],
  ["a divergence", () => tiny({}, { kl: { weight: 1 } }), "loss.kl: the latents of an autoencoder_tiny"],
  ["a bound", () => tiny({}, { importance: { samples: 2 } }), "loss.importance: only an mlp has this bound"],
  [
    "logits",
    () => tiny({}, { reconstruction: "bce" }),
    "loss.reconstruction: an autoencoder_tiny gives pixels",
  ],
  [
    "a likelihood of pixels",
    () => tiny({}, { likelihood: { distribution: "normal" } }),
    "loss.likelihood: an autoencoder_tiny has none",
  ],
  [
    "a likelihood",
    () => ({ ...tiny(), validation: { likelihood_samples: 2 } }),
    "an autoencoder_tiny has no likelihood to estimate",
  ],
  ["pixels in [0, 1]", () => ({ ...tiny(), data: { range: "unit" } }), "data.range: a teacher takes pixels"],
  ["calibration", () => tiny({ calibrate: true }), "model.calibrate: no such key"],
  ["a subfolder of nothing", () => tiny({ subfolder: "vae" }), "model.subfolder: has no meaning"],
  [
    "a config beside a pretrained model",
    () => tiny({ pretrained: "vae" }),
    "model.config: a pretrained model",
  ],
  [
    "a start for a pretrained model",
    () => tiny({ config: null, pretrained: "vae", initialization: "identity" }),
    "model.initialization: a pretrained model is not initialized",
  ],
  [
    "widths that differ",
    () => tiny({ config: { ...config, decoder_block_out_channels: [4, 8] } }),
    "expected the same number of channels in all decoder_block_out_channels, found [4, 8]",
  ],
  [
    "an unknown key of the config",
    () => tiny({ config: { ...config, layers_per_block: 1 } }),
    "model.config.layers_per_block: AutoencoderTiny has no such key",
  ],
])("%s is refused", (_, sections, message) => {
  expect(() => runs.recipe(sections())).toThrow(message);
});
