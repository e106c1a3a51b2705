/** The fully connected VAE as a run trains it. */
import { initializeMlpVae, mlpVaeClassName, mlpVaeNames, type MlpVaeConfig } from "../models/index.ts";
import { formatRecipe, type MlpRecipe, type Recipe } from "../recipe/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import { logvarName, mlpNetwork, ParameterLayout } from "../train/index.ts";
import { inMemory, withLogvar, writeModel, type TrainingModel } from "./trained-model.ts";

/** Opens the model of a recipe. */
export function openMlp(recipe: Recipe, model: MlpRecipe): TrainingModel {
  const config = mlpConfig(model);
  const network = mlpNetwork(config);
  const layout = new ParameterLayout(withLogvar(network.parameterShapes, recipe));
  return {
    network,
    factor: 1,
    layout,
    frozen: inMemory(new Map()),
    architecture: formatRecipe(recipe)["model"] as Record<string, unknown>,
    latents: undefined,
    initialParameters: async (generator, pictures) => {
      const pixelMeans = config.initialization === "glorot" ? columnMeans(await pictures()) : undefined;
      const tensors = initializeMlpVae(config, generator, pixelMeans === undefined ? {} : { pixelMeans });
      return layout.join(new Map<string, Tensor>([...tensors, [logvarName, Tensor.zeros([1])]]));
    },
    save: async (folder, trained) => {
      const tensors = new Map([...network.parameterShapes.keys()].map((name) => [name, trained.get(name)!]));
      const file = { _class_name: mlpVaeClassName, ...(formatRecipe(recipe)["model"] as object) };
      await writeModel(folder, tensors, `${JSON.stringify(file, null, 2)}\n`);
    },
  };
}

/** The recipe's MLP with the layer names of the model that it resembles. */
function mlpConfig(model: MlpRecipe): MlpVaeConfig {
  const { inputSize, hiddenSizes, latentSize, activation, sigma, initialization } = model;
  return {
    inputSize,
    hiddenSizes,
    latentSize,
    activation,
    spread: sigma === "logvar" ? "logvar" : "logstd",
    initialization: initialization === "pytorch" ? "torch" : "glorot",
    names: mlpVaeNames(hiddenSizes.length),
  };
}

function columnMeans({ data, shape }: Tensor<"float32">): Float64Array {
  const [rows, columns] = shape as [number, number];
  const means = new Float64Array(columns);
  for (let i = 0; i < data.length; i++) means[i % columns]! += data[i]! / rows;
  return means;
}
