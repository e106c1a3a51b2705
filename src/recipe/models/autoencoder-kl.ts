/** Recipes of an AutoencoderKL: from scratch by a config, or from a pretrained one. */
import {
  autoencoderKL,
  defaultConfig,
  formatConfig,
  parseConfig,
  spatialFactor,
  type AutoencoderKLConfig,
} from "../../models/index.ts";
import { isObject } from "../key-case.ts";
import { configKeys, smallModelConfig } from "../model-schema.ts";
import type { PictureSize } from "../picture-size.ts";
import type { Problem } from "../problems.ts";
import type { ParsedRecipe } from "../schema.ts";
import { checkConfig, configProblems, withDerivedKeys } from "./picture-rules.ts";
import { isNothing, problem, type RecipeRules } from "./recipe-rules.ts";

type Section = Extract<ParsedRecipe["model"], { type: "autoencoder_kl" }>;

export const autoencoderKLRules: RecipeRules<Section> = {
  defaults: {},
  // The ELBO: nats beside nats.
  likelihoodDefaults: { loss: { kl: { weight: 1 } } },
  complete: withConfig,
  check: (section) =>
    checkConfig(section, { className: autoencoderKL.className, keys: configKeys, parse: parseConfig }),
  formatConfig: (config) => formatConfig(config as AutoencoderKLConfig),
  *problems(recipe, section, config) {
    yield* lossProblems(recipe);
    yield* section.pretrained === null ? freshProblems(section) : pretrainedProblems(section);
    if (config === undefined) return;
    yield* configProblems(
      recipe,
      config as AutoencoderKLConfig,
      spatialFactor(config as AutoencoderKLConfig),
    );
  },
  spatialFactor: (config) => spatialFactor(config as AutoencoderKLConfig),
};

function* lossProblems({ loss, validation }: ParsedRecipe): Generator<Problem> {
  if (loss.likelihood?.distribution === "categorical") {
    const message =
      "an AutoencoderKL's last convolution gives one number for each value; write discretized_logistic.";
    yield problem("loss.likelihood.distribution", message);
  }
  if (validation.likelihood_samples !== null && loss.likelihood === null) {
    const message = "without loss.likelihood there is no likelihood to estimate; remove it.";
    yield problem("validation.likelihood_samples", message);
  }
  if (loss.importance !== null) {
    yield problem("loss.importance", "only an mlp has this bound; remove it, or use model.type mlp.");
  }
}

function* freshProblems(model: Section): Generator<Problem> {
  if (model.calibrate && namesScaling(model.config ?? {})) {
    const message = "model.config names the scaling, so there is nothing to measure; remove one of them.";
    yield problem("model.calibrate", message);
  }
  for (const key of ["subfolder", "variant", "as"] as const) {
    if (model[key] === null) continue;
    yield problem(`model.${key}`, "has no meaning without model.pretrained; remove it.");
  }
}

function* pretrainedProblems({ config, initialization }: Section): Generator<Problem> {
  if (config !== null) {
    yield problem("model.config", "a pretrained model brings its own config; remove config or pretrained.");
  }
  if (initialization !== "pytorch") {
    yield problem(
      "model.initialization",
      "a pretrained model is not initialized; remove this key or pretrained.",
    );
  }
}

/** Completes the config of a model from scratch with what the data and the number of levels say. */
function withConfig(model: Record<string, unknown>, size: PictureSize): Record<string, unknown> {
  if (!isNothing(model.pretrained)) return { calibrate: false, ...model };
  const config = isNothing(model.config) ? smallModelConfig : model.config;
  if (!isObject(config)) return model;
  const complete = withDerivedKeys(config, size, defaultConfig);
  return { calibrate: !namesScaling(config), ...model, config: complete };
}

/** Whether a config says how latents are scaled. diffusers' defaults say nothing: recipe.json writes them out. */
function namesScaling(config: Record<string, unknown>): boolean {
  const { scaling_factor, shift_factor, latents_mean, latents_std } = config;
  const isDefault = scaling_factor === undefined || scaling_factor === defaultConfig.scalingFactor;
  return !isDefault || [shift_factor, latents_mean, latents_std].some((value) => !isNothing(value));
}
