/** AutoencoderKL as training sees it: from scratch or from a pretrained one, whole or in part. */
import { describeScaling } from "../../latents/scaling.ts";
import {
  autoencoderKL,
  decode,
  encode,
  formatConfig,
  spatialFactor,
  type AutoencoderKLConfig,
} from "../../models/index.ts";
import type { BaseGenerator } from "../../random/base-generator.ts";
import type { AutoencoderKLRecipe, Recipe } from "../../recipe/index.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { logvarName } from "../graphs/context.ts";
import { splitMoments } from "../losses/index.ts";
import { ParameterLayout } from "../parameter-layout.ts";
import { neededWeights, type RecipeWeights } from "../recipe-weights.ts";
import { inMemory, withLogvar, type Calibration, type TrainableModel } from "../trainable-model.ts";
import type { PosteriorNetwork } from "../vae-network.ts";
import { checkPictures } from "./check-pictures.ts";
import { checkFreshIsWhole, selectTrainable } from "./select-trainable.ts";

/** Samples [N, C, H, W] in [-1, 1]. */
export function autoencoderKLNetwork(config: AutoencoderKLConfig): PosteriorNetwork {
  const factor = spatialFactor(config);
  return {
    parameterShapes: autoencoderKL.parameterShapes(config),
    latentShape: ([batch, , height, width]) => [
      batch!,
      config.latentChannels,
      height! / factor,
      width! / factor,
    ],
    posterior: (context, sample) => splitMoments(context.builder, encode({ ...context, config }, sample)),
    decode: (context, z) => ({ mean: decode({ ...context, config }, z) }),
    lastLayer: "decoder.conv_out.weight",
  };
}

/** The model of a recipe. @throws INVALID_CONFIG when it does not fit the data. */
export function openAutoencoderKL(
  recipe: Recipe,
  model: AutoencoderKLRecipe,
  weights: RecipeWeights,
): TrainableModel {
  const pretrained =
    model.pretrained === null ? undefined : neededWeights(weights, "pretrained", "model.pretrained");
  const config = pretrained?.config ?? model.config!;
  checkPictures(recipe, config, spatialFactor(config));
  const network = autoencoderKLNetwork(config);
  const trainedShapes = selectTrainable(network.parameterShapes, model.trainable);
  const layout = new ParameterLayout(withLogvar(trainedShapes, recipe));
  const found = pretrained?.tensors;
  const others = new Map([...(found ?? [])].filter(([name]) => !trainedShapes.has(name)));
  if (found === undefined) checkFreshIsWhole(network.parameterShapes, trainedShapes);
  return {
    network,
    facts: autoencoderKL.facts(config),
    layout,
    frozen: inMemory(others),
    architecture: { ...architectureOf(config), trainable: [...model.trainable] },
    latents: {
      channels: config.latentChannels,
      calibration: calibrationOf(model, [...trainedShapes.keys()]),
      scaling: describeScaling(autoencoderKL.scaling(config, new Map())),
    },
    initialParameters: async (generator, pictures) => {
      const tensors = found ?? (await freshParameters(config, model, generator, pictures));
      return layout.join(new Map<string, Tensor>([...tensors, [logvarName, Tensor.zeros([1])]]));
    },
    content: (trained, { factors } = {}) => {
      const tensors = new Map<string, Tensor>();
      for (const name of network.parameterShapes.keys()) {
        const tensor = trained.get(name) ?? others.get(name)!;
        tensors.set(name, tensor.dtype === model.saveDtype ? tensor : tensor.toFloat(model.saveDtype));
      }
      return { config: formatConfig({ ...config, ...factors }), tensors };
    },
  };
}

/** Latents keep their meaning while what makes them is frozen. */
function calibrationOf({ calibrate }: AutoencoderKLRecipe, trained: readonly string[]): Calibration {
  if (calibrate) return "replace";
  return trained.some((name) => /^(encoder|quant_conv)\./.test(name)) ? "compare" : "keep";
}

/** The config's part that decides the architecture; the rest only says how the model is used. */
function architectureOf(config: AutoencoderKLConfig): object {
  const file = formatConfig({
    ...config,
    scalingFactor: 1,
    shiftFactor: null,
    latentsMean: null,
    latentsStd: null,
    forceUpcast: false,
  });
  return { ...(JSON.parse(file) as object), sample_size: 0 };
}

async function freshParameters(
  config: AutoencoderKLConfig,
  model: AutoencoderKLRecipe,
  generator: BaseGenerator,
  pictures: () => Promise<Tensor<"float32">>,
): Promise<Map<string, Tensor>> {
  const drawn = autoencoderKL.initialize(config, generator);
  if (model.initialization === "pytorch") return drawn;
  const { initializeFromPrincipalComponents } =
    await import("../../models/autoencoder-kl/principal-components/index.ts");
  return initializeFromPrincipalComponents(config, drawn, await pictures(), generator);
}
