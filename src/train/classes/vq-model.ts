/** VQModel as training sees it: from scratch or from a pretrained one, whole or in part. */
import { VaekitError } from "../../errors.ts";
import {
  codebookName,
  decodeVQ,
  embedDimOf,
  encodeVQ,
  vqModel,
  type VQModelConfig,
} from "../../models/index.ts";
import type { Recipe, VQModelRecipe } from "../../recipe/index.ts";
import { CodebookAverage, type Codebook } from "../codebook/codebook.ts";
import { neededWeights, type RecipeWeights } from "../recipe-weights.ts";
import type { TrainableModel } from "../trainable-model.ts";
import type { CodebookNetwork } from "../vae-network.ts";
import { checkPictures } from "./check-pictures.ts";
import { withOwnScaling } from "./own-scaling.ts";
import { selectTrainable } from "./select-trainable.ts";

type Quantizer = VQModelRecipe["quantizer"];

/** Samples [N, C, H, W] in [-1, 1]. @param accumulate the batches of a step. */
export function vqModelNetwork(
  config: VQModelConfig,
  quantizer: Quantizer,
  accumulate: number,
): CodebookNetwork {
  const { spatialFactor: factor } = vqModel.facts(config);
  return {
    parameterShapes: vqModel.parameterShapes(config),
    latentShape: ([batch, , height, width]) => [
      batch!,
      embedDimOf(config),
      height! / factor,
      width! / factor,
    ],
    encode: (context, sample) => encodeVQ(context, sample, config),
    codebook: codebookOf(config, quantizer, accumulate),
    decode: (context, z) => decodeVQ(context, z, config),
    lastLayer: "decoder.conv_out.weight",
  };
}

function codebookOf(config: VQModelConfig, { ema, ...weights }: Quantizer, accumulate: number): Codebook {
  const shape = [config.numVqEmbeddings, embedDimOf(config)];
  const average = ema === null ? {} : { average: new CodebookAverage(ema, shape, accumulate) };
  return { ...weights, ...average, name: codebookName, shape };
}

/** The model of a recipe. @throws INVALID_CONFIG when it does not fit the data. */
export function openVQModel(recipe: Recipe, model: VQModelRecipe, weights: RecipeWeights): TrainableModel {
  const pretrained =
    model.pretrained === null ? undefined : neededWeights(weights, "pretrainedVQModel", "model.pretrained");
  const config = pretrained?.config ?? model.config!;
  checkPictures(recipe, config, vqModel.facts(config).spatialFactor);
  const network = vqModelNetwork(config, model.quantizer, recipe.accumulate);
  const trained = selectTrainable(network.parameterShapes, model.trainable);
  checkCodebookMoves(model, trained.has(codebookName));
  return withOwnScaling({
    model: vqModel,
    config,
    network,
    recipe,
    section: model,
    trained,
    found: pretrained?.tensors,
    architecture: architectureOf(config),
    initialize: (generator) => vqModel.initialize(config, generator),
  });
}

function checkCodebookMoves({ quantizer }: VQModelRecipe, isTrained: boolean): void {
  if (isTrained || quantizer.ema === null) return;
  const message = `model.quantizer.ema: it moves ${codebookName}, which model.trainable leaves out. Remove one of them.`;
  throw new VaekitError("INVALID_CONFIG", message);
}

/** The config's part that decides the architecture; the rest only says how the model is used. */
function architectureOf(config: VQModelConfig): object {
  const file = vqModel.config.format({
    ...config,
    scalingFactor: 1,
    lookupFromCodebook: false,
    forceUpcast: false,
  });
  return { ...(JSON.parse(file) as object), sample_size: 0 };
}
