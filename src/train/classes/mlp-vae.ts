/** The fully connected VAE as training sees it. */
import {
  hasScale,
  initializeMlpVae,
  mlpDecoder,
  mlpEncoder,
  mlpLikelihood,
  mlpVae,
  mlpVaeNames,
  withFixedScale,
  type MlpPixels,
  type MlpVaeConfig,
} from "../../models/index.ts";
import { formatRecipe, type MlpRecipe, type Recipe } from "../../recipe/index.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { logvarName } from "../graphs/context.ts";
import { ParameterLayout } from "../parameter-layout.ts";
import { inMemory, withLogvar, type TrainableModel } from "../trainable-model.ts";
import type { PosteriorNetwork } from "../vae-network.ts";

/** Samples [N, D] in [0, 1]; `decode` gives logits, of pixels or their levels, or means and scales. */
export function mlpNetwork(config: MlpVaeConfig): PosteriorNetwork {
  return {
    parameterShapes: mlpVae.parameterShapes(config),
    latentShape: ([batch]) => [batch!, config.latentSize],
    posterior: (context, sample) => mlpEncoder(context, config, sample),
    decode: (context, z) => mlpDecoder(context, config, z),
    lastLayer: undefined,
  };
}

/** The model of a recipe. */
export function openMlpVae(recipe: Recipe, model: MlpRecipe): TrainableModel {
  const config = mlpConfig(model, recipe.loss);
  const network = mlpNetwork(config);
  const layout = new ParameterLayout(withLogvar(network.parameterShapes, recipe));
  return {
    network,
    facts: mlpVae.facts(config),
    layout,
    frozen: inMemory(new Map()),
    architecture: architectureOf(recipe),
    latents: undefined,
    initialParameters: async (generator, pictures) => {
      const pixelMeans = config.initialization === "glorot" ? columnMeans(await pictures()) : undefined;
      const tensors = initializeMlpVae(config, generator, pixelMeans === undefined ? {} : { pixelMeans });
      return layout.join(new Map<string, Tensor>([...tensors, [logvarName, Tensor.zeros([1])]]));
    },
    content: (trained, { scale } = {}) => ({
      config: mlpVae.config.format(withScale(config, scale)),
      tensors: new Map([...network.parameterShapes.keys()].map((name) => [name, trained.get(name)!])),
    }),
  };
}

/** What the weights mean: a scale's, too. */
function architectureOf(recipe: Recipe): Record<string, unknown> {
  const { model, loss } = formatRecipe(recipe) as Record<"model" | "loss", Record<string, unknown>>;
  return loss["likelihood"] === null ? model : { ...model, likelihood: loss["likelihood"] };
}

/** A scale that was measured is fixed in the finished model. */
function withScale(config: MlpVaeConfig, scale: number | undefined): MlpVaeConfig {
  const likelihood = mlpLikelihood(config);
  if (likelihood === undefined || scale === undefined || !hasScale(likelihood)) return config;
  return { ...config, pixels: withFixedScale(likelihood, scale) };
}

/** How the loss takes the pixels to be distributed. */
function pixelsOf({ likelihood, reconstruction }: Recipe["loss"]): MlpPixels {
  return likelihood ?? ((reconstruction.bce ?? 0) > 0 ? "bernoulli" : "values");
}

/** The recipe's MLP with the layer names of the model that it resembles. */
function mlpConfig(model: MlpRecipe, loss: Recipe["loss"]): MlpVaeConfig {
  const { inputSize, hiddenSizes, latentSize, activation, sigma, initialization } = model;
  return {
    inputSize,
    hiddenSizes,
    latentSize,
    activation,
    spread: sigma === "logvar" ? "logvar" : "logstd",
    initialization: initialization === "pytorch" ? "torch" : "glorot",
    pixels: pixelsOf(loss),
    names: mlpVaeNames(hiddenSizes.length),
  };
}

function columnMeans({ data, shape }: Tensor<"float32">): Float64Array {
  const [rows, columns] = shape as [number, number];
  const means = new Float64Array(columns);
  for (let i = 0; i < data.length; i++) means[i % columns]! += data[i]! / rows;
  return means;
}
