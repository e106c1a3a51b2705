/** What a recipe leaves out and the schema cannot fill in, because it depends on another part of the recipe. */
import { defaultConfig } from "../models/index.ts";
import { defaultChannels, defaultResolution } from "./data-schema.ts";
import { isObject } from "./key-case.ts";
import { smallModelConfig } from "./model-schema.ts";
import { pictureSize, type PictureSize } from "./picture-size.ts";

const defaultSteps = 10_000;

/** The defaults of a recipe whose model is an MLP: those of pytorch/examples. */
const mlpDefaults = {
  data: { type: "mnist", range: "unit" },
  loss: { reconstruction: "bce", reduction: "ldm", kl: { weight: 1 } },
};

/**
 * A copy of the recipe with its types, its length and its model's config filled in; what is wrong stays wrong, and
 * the schema reports it.
 */
export function prepare(recipe: Record<string, unknown>): Record<string, unknown> {
  const model = withType(recipe.model === undefined ? {} : recipe.model, "autoencoder_kl");
  const isMlp = isObject(model) && model.type === "mlp";
  const filled = isMlp ? (fillIn(recipe, mlpDefaults) as Record<string, unknown>) : recipe;
  const data = filled.data === undefined ? undefined : withType(filled.data, "images");
  const length = isNothing(recipe.steps) && isNothing(recipe.epochs) ? { steps: defaultSteps } : {};
  return {
    ...filled,
    model: isObject(model) && model.type === "autoencoder_kl" ? withConfig(model, data) : model,
    data: data ?? { type: "images" },
    ...length,
  };
}

const isNothing = (value: unknown): boolean => value === undefined || value === null;

function withType(section: unknown, type: string): unknown {
  return isObject(section) && section.type === undefined ? { ...section, type } : section;
}

/** The values of `defaults` where `value` has none, at every depth. */
function fillIn(value: unknown, defaults: unknown): unknown {
  if (value === undefined) return defaults;
  if (!isObject(value) || !isObject(defaults)) return value;
  const filled = { ...value };
  for (const [key, each] of Object.entries(defaults)) filled[key] = fillIn(value[key], each);
  return filled;
}

/** Completes the config of a model from scratch with what the data and the number of levels say. */
function withConfig(model: Record<string, unknown>, data: unknown): Record<string, unknown> {
  if (!isNothing(model.pretrained)) return { calibrate: false, ...model };
  const config = isNothing(model.config) ? smallModelConfig : model.config;
  if (!isObject(config)) return model;
  const { channels, height, width } = sizeOf(data);
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
export function namesScaling(config: Record<string, unknown>): boolean {
  const { scaling_factor, shift_factor, latents_mean, latents_std } = config;
  const isDefault = scaling_factor === undefined || scaling_factor === defaultConfig.scalingFactor;
  return !isDefault || [shift_factor, latents_mean, latents_std].some((value) => !isNothing(value));
}

/** What the section says of its pictures, as far as it is right; the defaults for the rest. */
function sizeOf(data: unknown): PictureSize {
  const section = isObject(data) ? data : {};
  const given = (key: string, otherwise: number): number => {
    const value = section[key];
    return Number.isSafeInteger(value) && Number(value) > 0 ? Number(value) : otherwise;
  };
  const resolution = given("resolution", defaultResolution);
  const channels = given("channels", defaultChannels);
  const [height, width] = [given("height", defaultResolution), given("width", defaultResolution)];
  if (section.type === "tensors") return pictureSize({ type: "tensors", channels, height, width });
  if (section.type === "mnist") return pictureSize({ type: "mnist" });
  return pictureSize({ type: "images", channels: channels === 1 ? 1 : 3, resolution });
}
