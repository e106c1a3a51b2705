/** Recipes of a VQModel: from scratch by a config, or from a pretrained one. */
import { defaultVQModelConfig, vqModel, type VQModelConfig } from "../../models/index.ts";
import { isObject } from "../key-case.ts";
import { smallVQModelConfig } from "../model-schema.ts";
import type { PictureSize } from "../picture-size.ts";
import type { Problem } from "../problems.ts";
import type { ParsedRecipe } from "../schema.ts";
import { checkConfig, configProblems, withDerivedKeys } from "./picture-rules.ts";
import { isNothing, problem, type RecipeRules } from "./recipe-rules.ts";

type Section = Extract<ParsedRecipe["model"], { type: "vq_model" }>;

export const vqModelRules: RecipeRules<Section> = {
  // There is no divergence.
  defaults: { loss: { kl: { weight: 0 } } },
  complete: withConfig,
  check: (section) => checkConfig(section, { className: vqModel.className, ...vqModel.config }),
  formatConfig: (config) => vqModel.config.format(config as VQModelConfig),
  *problems(recipe, section, config) {
    yield* lossProblems(recipe);
    yield* sectionProblems(section);
    if (config === undefined) return;
    yield* configProblems(recipe, config as VQModelConfig, factorOf(config));
  },
  spatialFactor: factorOf,
};

function factorOf(config: object): number {
  return vqModel.facts(config as VQModelConfig).spatialFactor;
}

function* lossProblems({ loss, validation }: ParsedRecipe): Generator<Problem> {
  const { weight, annealing, start_step, steps, free_bits } = loss.kl;
  if (weight > 0 || annealing !== "constant" || start_step > 0 || steps > 0 || free_bits > 0) {
    const message = "the latents of a vq_model are rows of a codebook and have no divergence; remove it.";
    yield problem("loss.kl", `${message} model.quantizer has the weights of what it has instead.`);
  }
  if (loss.likelihood !== null) {
    yield problem(
      "loss.likelihood",
      "a vq_model has none; remove it, or use model.type autoencoder_kl or mlp.",
    );
  }
  for (const term of ["importance", "distillation"] as const) {
    if (loss[term] === null) continue;
    yield problem(
      `loss.${term}`,
      "it is for latents that are drawn, and a vq_model looks them up; remove it.",
    );
  }
  if (validation.likelihood_samples !== null) {
    const message = "a vq_model has no likelihood to estimate; remove it.";
    yield problem("validation.likelihood_samples", message);
  }
}

function* sectionProblems({ pretrained, config, quantizer, ...section }: Section): Generator<Problem> {
  if (pretrained !== null && config !== null) {
    yield problem("model.config", "a pretrained model brings its own config; remove config or pretrained.");
  }
  for (const key of ["subfolder", "variant"] as const) {
    if (pretrained !== null || section[key] === null) continue;
    yield problem(`model.${key}`, "has no meaning without model.pretrained; remove it.");
  }
  if (quantizer.legacy && quantizer.ema !== null) {
    const message =
      "it is about the codebook's loss, which rows that follow by ema do not have; remove one of them.";
    yield problem("model.quantizer.legacy", message);
  }
}

/** Completes the config of a model from scratch with what the data and the number of levels say. */
function withConfig(model: Record<string, unknown>, size: PictureSize): Record<string, unknown> {
  if (!isNothing(model.pretrained)) return model;
  const config = isNothing(model.config) ? smallVQModelConfig : model.config;
  if (!isObject(config)) return model;
  return { ...model, config: withDerivedKeys(config, size, defaultVQModelConfig) };
}
