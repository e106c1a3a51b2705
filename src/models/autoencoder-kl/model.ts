/** AutoencoderKL, as one class among others. */
import { DiagonalGaussianDistribution } from "../../latents/diagonal-gaussian-distribution.ts";
import { AutoencoderKLOutput } from "../../latents/outputs.ts";
import { latentScaling } from "../../latents/scaling.ts";
import { factsOfBlocks } from "../block-keys.ts";
import { blockNames } from "../block-names.ts";
import type { GivenSources, VaeModel } from "../model.ts";
import { areOfOtherAutoencoder } from "../other-tensors.ts";
import { configFromTensors, type ConfigSources } from "./config-from-tensors.ts";
import {
  classNames,
  formatConfig,
  parseConfig,
  readConfig,
  snakeNames,
  type AutoencoderKLConfig,
} from "./config.ts";
import { initializeParameters } from "./initialize.ts";
import { buildDecoder, buildEncoder, buildPixelDecoder, parameterShapes, scaleShapes } from "./graph.ts";
import type { ModelFamily } from "./families.ts";

const [className, ...aliases] = classNames;

/** The KL autoencoder of latent diffusion models. */
export const autoencoderKL: VaeModel<AutoencoderKLConfig, AutoencoderKLOutput> = {
  className,
  aliases,
  config: { keys: snakeNames, parse: parseConfig, format: formatConfig },
  facts: factsOfBlocks,
  parameterShapes,
  encoder: buildEncoder,
  decoder: buildDecoder,
  likelihood: { shapes: scaleShapes, decoder: buildPixelDecoder },
  encoded: (moments) => new AutoencoderKLOutput({ latentDist: new DiagonalGaussianDistribution(moments) }),
  scaling: latentScaling,
  initialize: initializeParameters,
  names: blockNames,
  alone: {
    recognizes: (tensors) =>
      ["encoder", "decoder"].some((half) => tensors.has(`${half}.conv_in.weight`)) &&
      !areOfOtherAutoencoder(tensors),
    infer: (tensors, given, subject) => configFromTensors(tensors, sourcesOf(given), subject),
  },
};

/** `as` is checked where it is used. */
function sourcesOf({ as, config }: GivenSources): ConfigSources {
  const family = as as ModelFamily | undefined;
  if (config === undefined) return { as: family };
  const { json, subject, isFile } = config;
  return { as: family, given: readConfig(json, subject, isFile ? "given file" : "object") };
}
