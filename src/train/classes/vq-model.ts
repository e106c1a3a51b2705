/** VQModel as training sees it: from scratch or from a pretrained one, whole or in part. */
import { VaekitError } from "../../errors.ts";
import { describeScaling } from "../../latents/scaling.ts";
import {
  codebookName,
  decodeVQ,
  embedDimOf,
  encodeVQ,
  vqModel,
  type VQModelConfig,
} from "../../models/index.ts";
import type { Recipe, VQModelRecipe } from "../../recipe/index.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { CodebookAverage, type Codebook } from "../codebook/codebook.ts";
import { logvarName } from "../graphs/context.ts";
import { ParameterLayout } from "../parameter-layout.ts";
import { neededWeights, type RecipeWeights } from "../recipe-weights.ts";
import { inMemory, withLogvar, type TrainableModel } from "../trainable-model.ts";
import type { CodebookNetwork } from "../vae-network.ts";
import { checkPictures } from "./check-pictures.ts";
import { checkFreshIsWhole, selectTrainable } from "./select-trainable.ts";

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
  const facts = vqModel.facts(config);
  checkPictures(recipe, config, facts.spatialFactor);
  const network = vqModelNetwork(config, model.quantizer, recipe.accumulate);
  const trainedShapes = selectTrainable(network.parameterShapes, model.trainable);
  checkCodebookMoves(model, trainedShapes.has(codebookName));
  const layout = new ParameterLayout(withLogvar(trainedShapes, recipe));
  const found = pretrained?.tensors;
  if (found === undefined) checkFreshIsWhole(network.parameterShapes, trainedShapes);
  const others = new Map([...(found ?? [])].filter(([name]) => !trainedShapes.has(name)));
  return {
    network,
    facts,
    layout,
    frozen: inMemory(others),
    architecture: { ...architectureOf(config), trainable: [...model.trainable] },
    latents: {
      channels: facts.latentChannels,
      calibration: "keep",
      scaling: describeScaling(vqModel.scaling(config, new Map())),
    },
    initialParameters: (generator) => {
      const tensors = found ?? vqModel.initialize(config, generator);
      return Promise.resolve(
        layout.join(new Map<string, Tensor>([...tensors, [logvarName, Tensor.zeros([1])]])),
      );
    },
    content: (trained) => {
      const tensors = new Map<string, Tensor>();
      for (const name of network.parameterShapes.keys()) {
        const tensor = trained.get(name) ?? others.get(name)!;
        tensors.set(name, tensor.dtype === model.saveDtype ? tensor : tensor.toFloat(model.saveDtype));
      }
      return { config: vqModel.config.format(config), tensors };
    },
  };
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
