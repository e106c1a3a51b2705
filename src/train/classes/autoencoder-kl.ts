/** AutoencoderKL as training sees it: from scratch or from a pretrained one, whole or in part. */
import { invariant } from "../../errors.ts";
import { describeScaling } from "../../latents/scaling.ts";
import {
  autoencoderKL,
  decodePixels,
  encode,
  formatConfig,
  formatPixelLikelihood,
  hasScale,
  likelihoodMetadata,
  scaleShapes,
  spatialFactor,
  withFixedScale,
  type AutoencoderKLConfig,
  type ScaledPixels,
} from "../../models/index.ts";
import type { BaseGenerator } from "../../random/base-generator.ts";
import type { AutoencoderKLRecipe, Recipe } from "../../recipe/index.ts";
import type { Shape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { logvarName } from "../graphs/context.ts";
import { splitMoments } from "../losses/index.ts";
import { ParameterLayout } from "../parameter-layout.ts";
import { neededWeights, type RecipeWeights } from "../recipe-weights.ts";
import {
  inMemory,
  withLogvar,
  type Calibration,
  type SafetensorsParts,
  type TrainableModel,
} from "../trainable-model.ts";
import type { PosteriorNetwork } from "../vae-network.ts";
import { checkPictures } from "./check-pictures.ts";
import { checkFreshIsWhole, selectTrainable } from "./select-trainable.ts";

/** Samples [N, C, H, W] in [-1, 1]. @param likelihood how pixels are distributed around what `decode` gives. */
export function autoencoderKLNetwork(
  config: AutoencoderKLConfig,
  likelihood?: ScaledPixels,
): PosteriorNetwork {
  const factor = spatialFactor(config);
  return {
    parameterShapes: new Map([
      ...autoencoderKL.parameterShapes(config),
      ...(likelihood === undefined ? [] : scaleShapes(config, likelihood)),
    ]),
    latentShape: ([batch, , height, width]) => [
      batch!,
      config.latentChannels,
      height! / factor,
      width! / factor,
    ],
    posterior: (context, sample) => splitMoments(context.builder, encode({ ...context, config }, sample)),
    decode: (context, z) => decodePixels({ ...context, config }, z, likelihood),
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
  const likelihood = likelihoodOf(recipe);
  const network = autoencoderKLNetwork(config, likelihood);
  const modelShapes = autoencoderKL.parameterShapes(config);
  const trainedShapes = selectTrainable(modelShapes, model.trainable);
  // The scale is the loss's, and trained whatever of the model is.
  const scale = likelihood === undefined ? new Map<string, Shape>() : scaleShapes(config, likelihood);
  const layout = new ParameterLayout(withLogvar(new Map([...trainedShapes, ...scale]), recipe));
  const found = pretrained?.tensors;
  const others = new Map([...(found ?? [])].filter(([name]) => !trainedShapes.has(name)));
  if (found === undefined) checkFreshIsWhole(modelShapes, trainedShapes);
  return {
    network,
    facts: autoencoderKL.facts(config),
    layout,
    frozen: inMemory(others),
    architecture: {
      ...architectureOf(config),
      trainable: [...model.trainable],
      ...(likelihood === undefined ? {} : { likelihood: formatPixelLikelihood(likelihood) }),
    },
    latents: {
      channels: config.latentChannels,
      calibration: calibrationOf(model, [...trainedShapes.keys()]),
      scaling: describeScaling(autoencoderKL.scaling(config, new Map())),
    },
    initialParameters: async (generator, pictures) => {
      const tensors = found ?? (await freshParameters(config, model, generator, pictures));
      const zeros = [...scale, [logvarName, [1]] as const].map(([name, shape]): [string, Tensor] => [
        name,
        Tensor.zeros(shape),
      ]);
      return layout.join(new Map<string, Tensor>([...tensors, ...zeros]));
    },
    content: (trained, { factors, scale: measured } = {}) => {
      const tensors = new Map<string, Tensor>();
      for (const name of modelShapes.keys()) {
        const tensor = trained.get(name) ?? others.get(name)!;
        tensors.set(name, tensor.dtype === model.saveDtype ? tensor : tensor.toFloat(model.saveDtype));
      }
      const content = { config: formatConfig({ ...config, ...factors }), tensors };
      if (likelihood === undefined) return content;
      return { ...content, likelihood: likelihoodContent(likelihood, [...scale.keys()], trained, measured) };
    },
  };
}

/** The recipe's rules let no other likelihood through. */
function likelihoodOf({ loss }: Recipe): ScaledPixels | undefined {
  if (loss.likelihood === null) return undefined;
  invariant(hasScale(loss.likelihood), "a categorical distribution for an AutoencoderKL");
  return loss.likelihood;
}

/** The file beside the weights, in single precision. @param measured a scale that replaces that of each batch. */
function likelihoodContent(
  likelihood: ScaledPixels,
  names: readonly string[],
  trained: ReadonlyMap<string, Tensor>,
  measured: number | undefined,
): SafetensorsParts {
  const pixels = measured === undefined ? likelihood : withFixedScale(likelihood, measured);
  return {
    tensors: new Map(names.map((name) => [name, trained.get(name)!])),
    metadata: likelihoodMetadata(pixels),
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
