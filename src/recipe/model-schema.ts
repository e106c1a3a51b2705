/** A recipe's `model`: what is trained, and what it starts from. */
import { z } from "zod";
import { defaultConfig, modelFamilies, type ModelFamily } from "../models/index.ts";
import { count, nonNegative, path, positive } from "./fields.ts";
import { snakeCase } from "./key-case.ts";

const familyNames = Object.keys(modelFamilies) as [ModelFamily, ...ModelFamily[]];

/** Keys that every model of pictures has. */
const common = {
  config: z
    .record(z.string(), z.unknown())
    .nullable()
    .default(null)
    .describe(
      "The keys of diffusers' config.json, for a model from scratch. Left out: down_block_types and up_block_types are plain blocks, in_channels and out_channels are data.channels, sample_size is data.resolution. Neither config nor pretrained: a small model.",
    ),
  pretrained: path()
    .nullable()
    .default(null)
    .describe("What to start from instead of a config: a folder, a file, or an id on the Hugging Face hub."),
  subfolder: path().nullable().default(null).describe('Where in `pretrained` the VAE lies, e.g. "vae".'),
  variant: path().nullable().default(null).describe('Variant of the weight files, e.g. "fp16".'),
};

const trainable = z
  .array(z.string().min(1).max(200))
  .min(1)
  .max(1000)
  .default(["*"])
  .describe('Patterns of parameter names; all others stay frozen, e.g. ["decoder.*", "post_quant_conv.*"].');

const saveDtype = z
  .enum(["float32", "float16", "bfloat16"])
  .default("float32")
  .describe("What the weights of the finished model are rounded to; checkpoints stay float32.");

const autoencoderKL = z.strictObject({
  type: z.literal("autoencoder_kl").describe("diffusers' AutoencoderKL (the default)."),
  ...common,
  as: z
    .enum(familyNames)
    .nullable()
    .default(null)
    .describe("Family of a single file whose tensors do not say it: its scaling and shift."),
  initialization: z
    .enum(["pytorch", "principal_components"])
    .default("pytorch")
    .describe(
      "How fresh weights are drawn: as PyTorch's layers do, or so that the untrained model already is the best linear one.",
    ),
  trainable,
  calibrate: z
    .boolean()
    .default(true)
    .describe(
      "Measure scaling and shift on the training pictures at the end, and write them in place of the config's. Left out: fresh weights yes, unless the config names their scaling; a pretrained model keeps what it was published with.",
    ),
  save_dtype: saveDtype,
});

const autoencoderTiny = z.strictObject({
  type: z
    .literal("autoencoder_tiny")
    .describe("diffusers' AutoencoderTiny (TAESD's class), which learns from loss.distillation.teacher."),
  ...common,
  initialization: z
    .enum(["pytorch", "identity"])
    .default("pytorch")
    .describe(
      "How fresh weights are drawn: as PyTorch's layers do, or so that the decoder begins by passing latents on, wide ones without its limit.",
    ),
  trainable,
  save_dtype: saveDtype,
});

const quantizer = z.strictObject({
  weight: nonNegative()
    .default(1)
    .describe("Weight of the quantizer's loss, a mean over the latents' values, beside the reconstruction."),
  beta: nonNegative()
    .default(0.25)
    .describe("Weight of the commitment, mean((z - row)²) with a gradient for the encoder alone."),
  legacy: z
    .boolean()
    .default(false)
    .describe("true: beta weighs the codebook's loss and not the commitment, diffusers' own default."),
  ema: z
    .strictObject({
      decay: z.number().min(0).lt(1).default(0.99).describe("The share that stays at each step."),
      epsilon: positive().default(1e-5).describe("Laplace smoothing of how often each row was used."),
      restart_below: positive()
        .max(1)
        .nullable()
        .default(null)
        .describe(
          "Rows that are used less often in a step, on average, begin anew at a latent of the batch; null: never.",
        ),
    })
    .nullable()
    .default(null)
    .describe(
      "The rows are moving averages of the latents nearest to them (arXiv 1711.00937, A.1); null: the optimizer moves them.",
    ),
});

const vqModel = z.strictObject({
  type: z.literal("vq_model").describe("diffusers' VQModel, whose latents are rows of a codebook."),
  ...common,
  trainable,
  quantizer: quantizer.prefault({}),
  save_dtype: saveDtype,
});

const mlp = z.strictObject({
  type: z.literal("mlp").describe("A fully connected VAE, the one of the textbooks."),
  input_size: count(10_000_000).default(784).describe("Values per picture."),
  hidden_sizes: z
    .array(count(100_000))
    .min(1)
    .max(64)
    .default([400])
    .describe("Units of the encoder's hidden layers; the decoder mirrors them."),
  latent_size: count(100_000).default(20),
  activation: z.enum(["relu", "tanh"]).default("relu"),
  sigma: z
    .enum(["logvar", "log_std"])
    .default("logvar")
    .describe("What the encoder's second head means: the logarithm of the variance, or of the deviation."),
  initialization: z
    .enum(["pytorch", "glorot"])
    .default("pytorch")
    .describe(
      "pytorch: as its Linear layers; glorot: as in the IWAE paper's code, the output's bias from the mean picture.",
    ),
});

export const modelSchema = z.discriminatedUnion("type", [autoencoderKL, autoencoderTiny, vqModel, mlp]);

/** The small AutoencoderKL that a recipe without `config` and `pretrained` trains: minutes on a CPU. */
export const smallModelConfig = {
  block_out_channels: [32, 64, 128],
  layers_per_block: 1,
  latent_channels: 8,
  norm_num_groups: 8,
  mid_block_add_attention: false,
  use_quant_conv: false,
  use_post_quant_conv: false,
} as const;

/** The small AutoencoderTiny that a recipe without `config` and `pretrained` trains: the built-in model's latents. */
export const smallTinyConfig = {
  latent_channels: 16,
  encoder_block_out_channels: [16, 16, 16, 16],
  num_encoder_blocks: [0, 1, 1, 1],
  decoder_block_out_channels: [24, 24, 24, 24],
  num_decoder_blocks: [3, 2, 1, 0],
} as const;

/** The small VQModel that a recipe without `config` and `pretrained` trains. */
export const smallVQModelConfig = {
  block_out_channels: [32, 64, 128],
  layers_per_block: 1,
  latent_channels: 8,
  num_vq_embeddings: 512,
  norm_num_groups: 8,
  mid_block_add_attention: false,
} as const;

/** diffusers' names of the config's keys. */
export const configKeys: readonly string[] = Object.keys(defaultConfig).map(snakeCase);
