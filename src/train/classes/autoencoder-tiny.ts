/** AutoencoderTiny as training sees it: from scratch or from a pretrained one, both halves or the decoder alone. */
import {
  autoencoderTiny,
  decodeTiny,
  encodeTiny,
  initializeTinyAsIdentity,
  type AutoencoderTinyConfig,
} from "../../models/index.ts";
import type { BaseGenerator } from "../../random/base-generator.ts";
import type { AutoencoderTinyRecipe, Recipe } from "../../recipe/index.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { neededWeights, type RecipeWeights } from "../recipe-weights.ts";
import type { TrainableModel } from "../trainable-model.ts";
import type { DistilledNetwork } from "../vae-network.ts";
import { checkPictures } from "./check-pictures.ts";
import { withOwnScaling } from "./own-scaling.ts";
import { selectTrainable } from "./select-trainable.ts";

/** Samples [N, C, H, W] in [-1, 1]. @param half the only one that there is. */
export function autoencoderTinyNetwork(config: AutoencoderTinyConfig, half?: "decoder"): DistilledNetwork {
  const { spatialFactor: factor, latentChannels } = autoencoderTiny.facts(config);
  const parameterShapes = autoencoderTiny.parameterShapes(config, half);
  return {
    parameterShapes,
    latentShape: ([batch, , height, width]) => [batch!, latentChannels, height! / factor, width! / factor],
    encode: half === undefined ? (context, sample) => encodeTiny(context, sample, config) : undefined,
    decode: (context, z) => decodeTiny(context, z, config),
    lastLayer: [...parameterShapes.keys()].findLast((name) => name.endsWith(".weight")),
  };
}

/** The model of a recipe. @throws INVALID_CONFIG when it does not fit the data. */
export function openAutoencoderTiny(
  recipe: Recipe,
  model: AutoencoderTinyRecipe,
  weights: RecipeWeights,
): TrainableModel {
  const pretrained =
    model.pretrained === null ? undefined : neededWeights(weights, "pretrainedTiny", "model.pretrained");
  const config = pretrained?.config ?? model.config!;
  checkPictures(recipe, config, autoencoderTiny.facts(config).spatialFactor);
  const found = pretrained?.tensors;
  const wanted = selectTrainable(autoencoderTiny.parameterShapes(config), model.trainable);
  // An encoder of fresh weights that stay as they are would be of no use, and previews need none.
  const half = found === undefined && isOfDecoder(wanted) ? "decoder" : undefined;
  return withOwnScaling({
    model: autoencoderTiny,
    config,
    network: autoencoderTinyNetwork(config, half),
    recipe,
    section: model,
    trained: wanted,
    found,
    architecture: architectureOf(config),
    initialize: (generator) => freshParameters(config, model, generator),
  });
}

function freshParameters(
  config: AutoencoderTinyConfig,
  { initialization }: AutoencoderTinyRecipe,
  generator: BaseGenerator,
): Map<string, Tensor> {
  const drawn = autoencoderTiny.initialize(config, generator);
  return initialization === "pytorch" ? drawn : initializeTinyAsIdentity(config, drawn);
}

const isOfDecoder = (tensors: ReadonlyMap<string, unknown>): boolean =>
  [...tensors.keys()].every((name) => name.startsWith("decoder."));

/** The config's part that decides the architecture; the rest only says how the model is used. */
function architectureOf(config: AutoencoderTinyConfig): object {
  const use = { latentMagnitude: 3, latentShift: 0.5, scalingFactor: 1, shiftFactor: 0, forceUpcast: false };
  return JSON.parse(autoencoderTiny.config.format({ ...config, ...use })) as object;
}
