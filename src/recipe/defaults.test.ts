/** Every default of a recipe. */
import { describe, expect, it } from "vitest";
import { data, type Section } from "../../test/recipe/refusal.ts";
import { formatRecipe, parseRecipe } from "./index.ts";

const formatted = (recipe: Section): Section => formatRecipe(parseRecipe(recipe));

/** What every recipe has beside its model, its data and its loss. */
const run = {
  optimizer: {
    type: "adamw",
    learning_rate: 1e-4,
    betas: [0.9, 0.999],
    epsilon: 1e-8,
    weight_decay: 0.01,
    clip_norm: null,
  },
  schedule: { type: "constant", warmup_steps: 0, final_ratio: 0, cycles: 1, power: 1, milestones: [] },
  ema: null,
  batch_size: 8,
  phases: [],
  accumulate: 1,
  steps: 10_000,
  epochs: null,
  seed: 0,
  randomness: "philox",
  recompute: false,
  validation: { every: 500, images: 16, resolution: null, batch_size: null, likelihood_samples: null },
  checkpoints: { every: 500, keep: 3 },
  samples: { every: 500, count: 8 },
  log: { every: 10 },
};

const loss = {
  reconstruction: { mse: 1 },
  reduction: "mean",
  likelihood: null,
  learn_logvar: false,
  kl: { weight: 1e-6, annealing: "constant", start_step: 0, steps: 0, cycles: 4, free_bits: 0 },
  perceptual: null,
  adversarial: null,
  importance: null,
  distillation: null,
};

const pictures = {
  path: "photos",
  validation_path: null,
  validation_count: 0,
  range: "signed",
  keep_last: false,
  resolution: 64,
  short_side: null,
  crop: "random",
  flip: true,
  channels: 3,
  workers: 2,
  cache_megabytes: 512,
};

describe("the defaults of a recipe", () => {
  it("for pictures are these", () => {
    const { model, ...rest } = formatted({ data });
    expect(rest).toEqual({ ...run, loss, data: { type: "images", ...pictures } });
    const { config, ...section } = model as { config: Section };
    expect(section).toEqual({
      type: "autoencoder_kl",
      pretrained: null,
      subfolder: null,
      variant: null,
      as: null,
      initialization: "pytorch",
      trainable: ["*"],
      calibrate: true,
      save_dtype: "float32",
    });
    expect(config).toMatchObject({
      in_channels: 3,
      out_channels: 3,
      block_out_channels: [32, 64, 128],
      down_block_types: ["DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D"],
      up_block_types: ["UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D"],
      layers_per_block: 1,
      latent_channels: 8,
      norm_num_groups: 8,
      mid_block_add_attention: false,
      use_quant_conv: false,
      use_post_quant_conv: false,
      sample_size: 64,
      act_fn: "silu",
    });
  });

  it("for an mlp are those of pytorch/examples, section by section", () => {
    expect(formatted({ model: { type: "mlp" }, data: { path: "digits" } })).toEqual({
      ...run,
      model: {
        type: "mlp",
        input_size: 784,
        hidden_sizes: [400],
        latent_size: 20,
        activation: "relu",
        sigma: "logvar",
        initialization: "pytorch",
      },
      data: {
        type: "mnist",
        path: "digits",
        validation_path: null,
        validation_count: 0,
        range: "unit",
        keep_last: false,
        binarize: false,
      },
      loss: { ...loss, reconstruction: { bce: 1 }, reduction: "ldm", kl: { ...loss.kl, weight: 1 } },
    });
    const own = formatted({
      model: { type: "mlp" },
      data: { path: "digits", range: "signed" },
      loss: { reconstruction: "mse", kl: { free_bits: 1 } },
    });
    expect(own).toMatchObject({
      data: { range: "signed" },
      loss: { reconstruction: { mse: 1 }, reduction: "ldm", kl: { weight: 1, free_bits: 1 } },
    });
  });

  it("for lists and tensors are these", () => {
    expect(formatted({ data: { type: "list", ...data } })["data"]).toEqual({ type: "list", ...pictures });
    expect(formatted({ data: { type: "tensors" } })["data"]).toEqual({
      type: "tensors",
      channels: 3,
      height: 64,
      width: 64,
      range: "signed",
      keep_last: false,
    });
  });

  it("of sections that a recipe opens are these", () => {
    expect(formatted({ data, ema: {} })["ema"]).toEqual({ decay: 0.9999, warmup: "ratio" });
    const terms = {
      adversarial: { weight: 0.5 },
      perceptual: { weights: "lpips.safetensors" },
      distillation: { teacher: "vae" },
    };
    expect(formatted({ data, loss: terms })["loss"]).toMatchObject({
      adversarial: {
        weight: 0.5,
        start_step: 0,
        loss: "hinge",
        norm: "group",
        layers: 3,
        channels: 64,
        learning_rate: null,
        factor: 1,
      },
      perceptual: { weights: "lpips.safetensors", weight: 1 },
      distillation: { teacher: "vae", latent_weight: 1 },
    });
    const bound = { model: { type: "mlp" }, data, loss: { importance: { samples: 5 } } };
    expect(formatted(bound)["loss"]).toMatchObject({ importance: { samples: 5, bound: "iwae" } });
  });

  it("of a weight decay depend on the optimizer, and give way to the recipe's own", () => {
    const decay = (optimizer: Section): unknown =>
      (formatted({ data, optimizer })["optimizer"] as Section)["weight_decay"];
    expect(decay({ type: "adam" })).toBe(0);
    expect(decay({ type: "adamw", weight_decay: null })).toBe(0.01);
    expect(decay({ type: "adamw", weight_decay: 0 })).toBe(0);
    expect(decay({ type: "adam", weight_decay: 0.5 })).toBe(0.5);
  });

  it("of the length give way to steps and to epochs", () => {
    const length = (given: Section): unknown[] => {
      const { steps, epochs } = formatted({ data, ...given });
      return [steps, epochs];
    };
    expect(length({})).toEqual([10_000, null]);
    expect(length({ steps: null, epochs: null })).toEqual([10_000, null]);
    expect(length({ epochs: 3 })).toEqual([null, 3]);
    expect(length({ epochs: 3, steps: null })).toEqual([null, 3]);
    expect(length({ steps: 7 })).toEqual([7, null]);
  });

  it("of a model follow its data", () => {
    const config = (recipe: Section): Section => (formatted(recipe)["model"] as { config: Section }).config;
    const tensors = { type: "tensors", channels: 1, height: 16, width: 32 };
    expect(config({ data: tensors })).toMatchObject({ in_channels: 1, out_channels: 1, sample_size: 32 });
    expect(config({ data: { type: "mnist", path: "m" } })).toMatchObject({ in_channels: 1, sample_size: 28 });
    expect(config({ data: { ...data, channels: 1, resolution: 32 } })).toMatchObject({
      in_channels: 1,
      sample_size: 32,
    });
    // One plain block for each level, whatever levels diffusers' default has.
    const levels = config({ data, model: { config: { norm_num_groups: 32 } } });
    expect(levels["down_block_types"]).toEqual(["DownEncoderBlock2D"]);
    const own = { model: { config: { block_out_channels: [32, 32], sample_size: 8, act_fn: "relu" } } };
    expect(config({ data, ...own })).toMatchObject({ sample_size: 8, act_fn: "relu" });
  });
});
