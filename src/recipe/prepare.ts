/** What a recipe leaves out and the schema cannot fill in, because it depends on another part of the recipe. */
import { defaultChannels, defaultResolution } from "./data-schema.ts";
import { isObject } from "./key-case.ts";
import { completeLikelihood, hasLikelihoodSection, withoutReconstruction } from "./likelihood.ts";
import { rulesFor } from "./models/index.ts";
import { isNothing } from "./models/recipe-rules.ts";
import { pictureSize, type PictureSize } from "./picture-size.ts";

const defaultSteps = 10_000;

const defaultModelType = "autoencoder_kl";

/**
 * A copy of the recipe with its types, its length and its model's config filled in; what is wrong stays wrong, and
 * the schema reports it.
 */
export function prepare(recipe: Record<string, unknown>): Record<string, unknown> {
  const model = withType(recipe.model === undefined ? {} : recipe.model, defaultModelType);
  const rules = isObject(model) ? rulesFor(model.type) : undefined;
  const defaults = fillIn(
    hasLikelihoodSection(recipe) ? rules?.likelihoodDefaults : {},
    rules?.defaults ?? {},
  );
  const filled = fillIn(withoutReconstruction(recipe), defaults) as Record<string, unknown>;
  const data = filled.data === undefined ? undefined : withType(filled.data, "images");
  const length = isNothing(recipe.steps) && isNothing(recipe.epochs) ? { steps: defaultSteps } : {};
  return {
    ...filled,
    model: isObject(model) && rules !== undefined ? rules.complete(model, sizeOf(data)) : model,
    data: data ?? { type: "images" },
    ...(filled.loss === undefined ? {} : { loss: completeLikelihood(filled.loss, data) }),
    ...length,
  };
}

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
