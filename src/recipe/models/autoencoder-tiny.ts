/** Recipes of an AutoencoderTiny: from scratch by a config, or from a pretrained one, always with a teacher. */
import { autoencoderTiny, type AutoencoderTinyConfig } from "../../models/index.ts";
import { isObject } from "../key-case.ts";
import { smallTinyConfig } from "../model-schema.ts";
import type { PictureSize } from "../picture-size.ts";
import type { Problem } from "../problems.ts";
import type { ParsedRecipe } from "../schema.ts";
import { checkConfig, configProblems } from "./picture-rules.ts";
import { isNothing, problem, type RecipeRules } from "./recipe-rules.ts";

type Section = Extract<ParsedRecipe["model"], { type: "autoencoder_tiny" }>;

/** A config.json has the decoder's channels once more; the pool is TAEF2's. */
const keys = [...autoencoderTiny.config.keys, "block_out_channels", "latent_pool"];

export const autoencoderTinyRules: RecipeRules<Section> = {
  // There is no divergence. The teacher is the built-in model.
  defaults: { loss: { kl: { weight: 0 }, distillation: { teacher: "default" } } },
  complete: withConfig,
  check: (section) => checkConfig(section, { ...autoencoderTiny, ...autoencoderTiny.config, keys }),
  formatConfig: (config) => autoencoderTiny.config.format(config as AutoencoderTinyConfig),
  *problems(recipe, section, config) {
    yield* lossProblems(recipe);
    if (recipe.data.range !== "signed") {
      yield problem("data.range", "a teacher takes pixels in [-1, 1]; write signed, or leave it out.");
    }
    yield* sectionProblems(section);
    if (config === undefined) return;
    yield* configProblems(recipe, config as AutoencoderTinyConfig, factorOf(config));
  },
  spatialFactor: factorOf,
};

function factorOf(config: object): number {
  return autoencoderTiny.facts(config as AutoencoderTinyConfig).spatialFactor;
}

function* lossProblems({ loss, validation }: ParsedRecipe): Generator<Problem> {
  const { weight, annealing, start_step, steps, free_bits } = loss.kl;
  if (weight > 0 || annealing !== "constant" || start_step > 0 || steps > 0 || free_bits > 0) {
    const message = "the latents of an autoencoder_tiny are a teacher's and have no divergence; remove it.";
    yield problem("loss.kl", message);
  }
  if (loss.distillation === null) {
    const message = "an autoencoder_tiny learns from a teacher; write e.g. {teacher: default}.";
    yield problem("loss.distillation", message);
  }
  if (loss.importance !== null) {
    yield problem("loss.importance", "only an mlp has this bound; remove it, or use model.type mlp.");
  }
  if (loss.likelihood !== null) {
    yield problem(
      "loss.likelihood",
      "an autoencoder_tiny has none; remove it, or use model.type autoencoder_kl or mlp.",
    );
  }
  if ((loss.reconstruction.bce ?? 0) > 0) {
    yield problem(
      "loss.reconstruction",
      "an autoencoder_tiny gives pixels, and bce compares logits; write mse or l1.",
    );
  }
  if (validation.likelihood_samples !== null) {
    const message = "an autoencoder_tiny has no likelihood to estimate; remove it.";
    yield problem("validation.likelihood_samples", message);
  }
}

function* sectionProblems({ pretrained, config, initialization, ...section }: Section): Generator<Problem> {
  if (pretrained !== null && initialization !== "pytorch") {
    const message = "a pretrained model is not initialized; remove this key or pretrained.";
    yield problem("model.initialization", message);
  }
  if (pretrained !== null && config !== null) {
    yield problem("model.config", "a pretrained model brings its own config; remove config or pretrained.");
  }
  for (const key of ["subfolder", "variant"] as const) {
    if (pretrained !== null || section[key] === null) continue;
    yield problem(`model.${key}`, "has no meaning without model.pretrained; remove it.");
  }
}

/** Completes the config of a model from scratch with what the data say. */
function withConfig(model: Record<string, unknown>, { channels }: PictureSize): Record<string, unknown> {
  if (!isNothing(model.pretrained)) return model;
  const config = isNothing(model.config) ? smallTinyConfig : model.config;
  if (!isObject(config)) return model;
  return { ...model, config: { in_channels: channels, out_channels: channels, ...config } };
}
