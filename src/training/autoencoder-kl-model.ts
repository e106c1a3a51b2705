/** AutoencoderKL as a run trains it: from scratch or from a pretrained one, whole or in part. */
import { VaekitError } from "../errors.ts";
import { describeScaling, latentScaling } from "../latents/scaling.ts";
import {
  formatConfig,
  initializeParameters,
  spatialFactor,
  type AutoencoderKLConfig,
} from "../models/index.ts";
import type { BaseGenerator } from "../random/base-generator.ts";
import type { AutoencoderKLRecipe, Recipe } from "../recipe/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import {
  autoencoderKLNetwork,
  initializeFromPrincipalComponents,
  logvarName,
  ParameterLayout,
} from "../train/index.ts";
import { finiteWeights, openPretrained } from "./pretrained.ts";
import { selectTrainable } from "./trainable.ts";
import { inMemory, withLogvar, writeModel, type Calibration, type TrainingModel } from "./trained-model.ts";

/** Opens the model of a recipe. @throws INVALID_CONFIG when it does not fit the data, or what opening it throws. */
export async function openAutoencoderKL(
  recipe: Recipe,
  model: AutoencoderKLRecipe,
  onNote?: (note: string) => void,
): Promise<TrainingModel> {
  const pretrained = await loadPretrained(model, onNote);
  const config = pretrained?.config ?? model.config!;
  checkPictures(recipe, config);
  const network = autoencoderKLNetwork(config);
  const trainedShapes = selectTrainable(network.parameterShapes, model.trainable);
  const layout = new ParameterLayout(withLogvar(trainedShapes, recipe));
  const found = pretrained?.tensors;
  const others = new Map([...(found ?? [])].filter(([name]) => !trainedShapes.has(name)));
  if (found === undefined && trainedShapes.size < network.parameterShapes.size) {
    throw new VaekitError(
      "INVALID_CONFIG",
      "model.trainable: only a pretrained model can have frozen parts. Set model.pretrained, or leave trainable out.",
    );
  }
  return {
    network,
    factor: spatialFactor(config),
    layout,
    frozen: inMemory(others),
    architecture: { ...architectureOf(config), trainable: [...model.trainable] },
    latents: {
      channels: config.latentChannels,
      calibration: calibrationOf(model, [...trainedShapes.keys()]),
      scaling: describeScaling(latentScaling(config)),
    },
    initialParameters: async (generator, pictures) => {
      const tensors = found ?? (await freshParameters(config, model, generator, pictures));
      return layout.join(new Map<string, Tensor>([...tensors, [logvarName, Tensor.zeros([1])]]));
    },
    save: async (folder, trained, factors) => {
      const tensors = new Map<string, Tensor>();
      for (const name of network.parameterShapes.keys()) {
        const tensor = trained.get(name) ?? others.get(name)!;
        tensors.set(name, tensor.dtype === model.saveDtype ? tensor : tensor.toFloat(model.saveDtype));
      }
      await writeModel(folder, tensors, formatConfig({ ...config, ...factors }));
    },
  };
}

/** Latents keep their meaning while what makes them is frozen. */
function calibrationOf({ calibrate }: AutoencoderKLRecipe, trained: readonly string[]): Calibration {
  if (calibrate) return "replace";
  return trained.some((name) => /^(encoder|quant_conv)\./.test(name)) ? "compare" : "keep";
}

/** What the recipe's own checks cannot know of a pretrained model. */
function checkPictures(recipe: Recipe, config: AutoencoderKLConfig): void {
  const factor = spatialFactor(config);
  const side = pictureSides(recipe).find((each) => each % factor !== 0);
  if (side !== undefined) {
    throw new VaekitError(
      "INVALID_CONFIG",
      `data.resolution: expected a multiple of the model's spatial factor ${factor}, also in phases, found ${side}.`,
    );
  }
  const channels = recipe.data.type === "mnist" ? 1 : recipe.data.channels;
  if (config.inChannels !== channels || config.outChannels !== channels) {
    throw new VaekitError(
      "INVALID_CONFIG",
      `data.channels: expected the model's ${config.inChannels} channels in and ${config.outChannels} out, found ${channels}.`,
    );
  }
}

/** Sides of the training pictures in pixels, those of each phase. */
export function pictureSides({ data, phases }: Recipe): number[] {
  if (data.type === "mnist") return [mnistSide];
  return [data.resolution, ...phases.map(({ resolution }) => resolution)];
}

/** Side of MNIST's pictures, in pixels. */
const mnistSide = 28;

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

async function loadPretrained(
  model: AutoencoderKLRecipe,
  onNote: ((note: string) => void) | undefined,
): Promise<{ config: AutoencoderKLConfig; tensors: Map<string, Tensor> } | undefined> {
  if (model.pretrained === null) return undefined;
  const vae = await openPretrained(model.pretrained, { ...model, onNote });
  try {
    return { config: vae.config, tensors: await finiteWeights(vae) };
  } finally {
    await vae.dispose();
  }
}

async function freshParameters(
  config: AutoencoderKLConfig,
  model: AutoencoderKLRecipe,
  generator: BaseGenerator,
  pictures: () => Promise<Tensor<"float32">>,
): Promise<Map<string, Tensor>> {
  const drawn = initializeParameters(config, generator);
  if (model.initialization === "pytorch") return drawn;
  return initializeFromPrincipalComponents(config, drawn, await pictures(), generator);
}
