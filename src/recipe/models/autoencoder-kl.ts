/** Recipes of an AutoencoderKL: from scratch by a config, or from a pretrained one. */
import { VaekitError } from "../../errors.ts";
import { defaultConfig, parseConfig, spatialFactor, type AutoencoderKLConfig } from "../../models/index.ts";
import { adviceForName } from "../../util/nearest-name.ts";
import { isObject } from "../key-case.ts";
import { configKeys, smallModelConfig } from "../model-schema.ts";
import { pictureSize, type PictureSize } from "../picture-size.ts";
import type { Problem } from "../problems.ts";
import type { ParsedRecipe } from "../schema.ts";
import { isNothing, multiples, problem, type CheckedConfig, type RecipeRules } from "./recipe-rules.ts";

type Section = Extract<ParsedRecipe["model"], { type: "autoencoder_kl" }>;

export const autoencoderKLRules: RecipeRules<Section> = {
  defaults: {},
  complete: withConfig,
  check,
  *problems(recipe, section, config) {
    yield* lossProblems(recipe);
    yield* section.pretrained === null ? freshProblems(section) : pretrainedProblems(section);
    if (config !== undefined) yield* configProblems(recipe, config as AutoencoderKLConfig);
  },
  spatialFactor: (config) => spatialFactor(config as AutoencoderKLConfig),
};

function* lossProblems({ loss, validation }: ParsedRecipe): Generator<Problem> {
  if (validation.likelihood_samples !== null) {
    const message = "only an mlp with loss.reconstruction bce has a likelihood to estimate; remove it.";
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

function* configProblems(
  { data, validation }: ParsedRecipe,
  config: AutoencoderKLConfig,
): Generator<Problem> {
  const factor = spatialFactor(config);
  const { channels, height, width } = pictureSize(data);
  const side = [height, width].find((each) => each % factor !== 0);
  if (side !== undefined && "resolution" in data) {
    yield problem(
      "data.resolution",
      `expected a multiple of the model's spatial factor ${factor}, found ${side}; ${multiples(side, factor)}.`,
    );
  } else if (side !== undefined) {
    yield problem(
      "model.config.block_out_channels",
      `expected levels whose factor divides the pictures' ${height} x ${width} pixels, found ${factor}. Each level but the last halves them.`,
    );
  }
  if (validation.resolution !== null && validation.resolution % factor !== 0) {
    const found = validation.resolution;
    yield problem(
      "validation.resolution",
      `expected a multiple of the model's spatial factor ${factor}, found ${found}; ${multiples(found, factor)}.`,
    );
  }
  for (const [key, found] of [
    ["in_channels", config.inChannels],
    ["out_channels", config.outChannels],
  ] as const) {
    if (found !== channels) {
      yield problem(
        `model.config.${key}`,
        `expected the data's ${channels} channels, found ${found}; leave it out.`,
      );
    }
  }
}

/** Completes the config of a model from scratch with what the data and the number of levels say. */
function withConfig(model: Record<string, unknown>, size: PictureSize): Record<string, unknown> {
  if (!isNothing(model.pretrained)) return { calibrate: false, ...model };
  const config = isNothing(model.config) ? smallModelConfig : model.config;
  if (!isObject(config)) return model;
  const { channels, height, width } = size;
  const channelsOut = config.block_out_channels ?? defaultConfig.blockOutChannels;
  const levels = Array.isArray(channelsOut) ? channelsOut.length : 1;
  const derived = {
    in_channels: channels,
    out_channels: channels,
    down_block_types: Array<string>(levels).fill("DownEncoderBlock2D"),
    up_block_types: Array<string>(levels).fill("UpDecoderBlock2D"),
    sample_size: Math.max(height, width),
  };
  return { calibrate: !namesScaling(config), ...model, config: { ...derived, ...config } };
}

/** Whether a config says how latents are scaled. diffusers' defaults say nothing: recipe.json writes them out. */
function namesScaling(config: Record<string, unknown>): boolean {
  const { scaling_factor, shift_factor, latents_mean, latents_std } = config;
  const isDefault = scaling_factor === undefined || scaling_factor === defaultConfig.scalingFactor;
  return !isDefault || [shift_factor, latents_mean, latents_std].some((value) => !isNothing(value));
}

/** model.config through the model's own parser. A file of another program may have keys of its own; a recipe may not. */
function check(model: Record<string, unknown>): CheckedConfig {
  if (!isObject(model.config)) return { problems: [] };
  const path = ["model", "config"];
  const unknown = Object.keys(model.config).filter(
    (key) => !key.startsWith("_") && !configKeys.includes(key),
  );
  const problems = unknown.map((key): Problem => {
    const advice = adviceForName(key, configKeys, "keys");
    return { path: [...path, key], message: `AutoencoderKL has no such key; ${advice}` };
  });
  try {
    return { value: parseConfig(model.config, "").config, problems };
  } catch (error) {
    if (!(error instanceof VaekitError)) throw error;
    const match = /^: (?:([a-z_]+): )?(.*)$/s.exec(error.message);
    const key = match?.[1];
    problems.push({ path: key === undefined ? path : [...path, key], message: match?.[2] ?? error.message });
    return { problems };
  }
}
