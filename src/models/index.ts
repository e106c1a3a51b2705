/** The classes of autoencoders, and what each has of its own. */
import type { GivenDCConfig } from "./autoencoder-dc/keys.ts";
import type { GivenConfig } from "./autoencoder-kl/config.ts";
import type { GivenFlux2Config } from "./autoencoder-kl-flux2/config.ts";
import type { GivenHunyuanImageConfig } from "./autoencoder-kl-hunyuan-image/config.ts";
import type { GivenQwenImageConfig } from "./autoencoder-kl-wan/qwen-image.ts";
import type { GivenQwenImage21Config } from "./autoencoder-kl-wan/qwen-image-21.ts";
import type { GivenWanConfig } from "./autoencoder-kl-wan/wan.ts";
import type { GivenTinyConfig } from "./autoencoder-tiny/config.ts";
import type { GivenVQModelConfig } from "./vq-model/keys.ts";

/** Keys of a config, under diffusers' names or ours, of any class whose weights may come without one. */
export type AnyGivenConfig =
  | GivenConfig
  | GivenDCConfig
  | GivenFlux2Config
  | GivenHunyuanImageConfig
  | GivenQwenImage21Config
  | GivenQwenImageConfig
  | GivenTinyConfig
  | GivenVQModelConfig
  | GivenWanConfig;

export { completeDCConfig } from "./autoencoder-dc/config.ts";
export type { AutoencoderDCConfig, DCBlockType, DCNormType, GivenDCConfig } from "./autoencoder-dc/keys.ts";
export { autoencoderDC } from "./autoencoder-dc/model.ts";
export {
  buildDecoder,
  buildEncoder,
  decode,
  decodePixels,
  encode,
  parameterShapes,
  scaleShapes,
  type AutoencoderKLContext,
} from "./autoencoder-kl/graph.ts";
export {
  completeConfig,
  defaultConfig,
  formatConfig,
  parseConfig,
  readConfig,
  spatialFactor,
  type AutoencoderKLConfig,
  type AutoencoderKLConfigJson,
  type GivenConfig,
  type ReadConfig,
} from "./autoencoder-kl/config.ts";
export { configFromTensors } from "./autoencoder-kl/config-from-tensors.ts";
export { modelFamilies, type FamilyPreset, type ModelFamily } from "./autoencoder-kl/families.ts";
export { inferConfig } from "./autoencoder-kl/infer-config.ts";
export { initializeParameters } from "./autoencoder-kl/initialize.ts";
export { autoencoderKL } from "./autoencoder-kl/model.ts";
export {
  autoencoderKLQwenImage21,
  completeQwenImage21Config,
  type AutoencoderKLQwenImage21Config,
  type GivenQwenImage21Config,
} from "./autoencoder-kl-wan/qwen-image-21.ts";
export {
  autoencoderKLQwenImage,
  completeQwenImageConfig,
  type AutoencoderKLQwenImageConfig,
  type GivenQwenImageConfig,
} from "./autoencoder-kl-wan/qwen-image.ts";
export {
  completeFlux2Config,
  type AutoencoderKLFlux2Config,
  type AutoencoderKLFlux2ConfigJson,
  type GivenFlux2Config,
} from "./autoencoder-kl-flux2/config.ts";
export { autoencoderKLFlux2 } from "./autoencoder-kl-flux2/model.ts";
export {
  completeHunyuanImageConfig,
  type AutoencoderKLHunyuanImageConfig,
  type GivenHunyuanImageConfig,
} from "./autoencoder-kl-hunyuan-image/config.ts";
export { autoencoderKLHunyuanImage } from "./autoencoder-kl-hunyuan-image/model.ts";
export {
  autoencoderKLWan,
  completeWanConfig,
  type AutoencoderKLWanConfig,
  type GivenWanConfig,
} from "./autoencoder-kl-wan/wan.ts";
export type { BlocksConfig } from "./block-keys.ts";
export {
  completeTinyConfig,
  readTinyKeys,
  type AutoencoderTinyConfig,
  type GivenTinyConfig,
} from "./autoencoder-tiny/config.ts";
export { scaleTinyLatents, throughBytes, unscaleTinyLatents } from "./autoencoder-tiny/byte-latents.ts";
export { decodeTiny, encodeTiny } from "./autoencoder-tiny/graph.ts";
export { initializeTinyAsIdentity } from "./autoencoder-tiny/identity.ts";
export { autoencoderTiny } from "./autoencoder-tiny/model.ts";
export { configLimits } from "./config-limits.ts";
export {
  initializeMlpVae,
  iwaeMlpVae,
  mlpDecoder,
  mlpEncoder,
  mlpLikelihood,
  mlpVaeShapes,
  pytorchExamplesMlpVae,
  type MlpPixels,
  type MlpVaeConfig,
} from "./mlp-vae/graph.ts";
export { isMlpVaeConfig, mlpVaeClassName, mlpVaeNames, parseMlpVaeConfig } from "./mlp-vae/config.ts";
export { mlpVae } from "./mlp-vae/model.ts";
export { publishedStatistics, type Statistics } from "./autoencoder-kl-wan/published.ts";
export { decodeVQ, encodeVQ } from "./vq-model/graph.ts";
export { codebookName } from "./vq-model/names.ts";
export {
  completeVQModelConfig,
  defaultVQModelConfig,
  embedDimOf,
  normTypes,
  type GivenVQModelConfig,
  type NormType,
  type VQModelConfig,
  type VQModelConfigJson,
} from "./vq-model/keys.ts";
export { vqModel } from "./vq-model/model.ts";
export { checkFacts } from "./check-facts.ts";
export type {
  BufferFacts,
  Buffers,
  CheckpointTolerance,
  ConfigSchema,
  GivenSources,
  HalfTiles,
  LikelihoodBeside,
  ModelFacts,
  ParsedConfig,
  TensorShapes,
  TileDecoder,
  TileFacts,
  VaeModel,
  WeightsAlone,
} from "./model.ts";
export type { ModelNames } from "./names.ts";
export {
  channelScale,
  isScaleParameter,
  scaleLayer,
  scaleName,
  scaleOf,
  sharedScale,
  type Decoded,
} from "./pixel-likelihood.ts";
export {
  bitsOfLevel,
  hasScale,
  levelWidth,
  lowestLevel,
  maxCategoricalLevels,
  scaledDistributions,
  scaleKinds,
  withFixedScale,
  type CategoricalPixels,
  type PixelLikelihood,
  type PixelRange,
  type ScaledPixels,
} from "../latents/pixel-likelihood.ts";
export { formatPixelLikelihood, parsePixelLikelihood } from "./pixel-likelihood-json.ts";
export { likelihoodFileName } from "./file-names.ts";
export { likelihoodMetadata, parseLikelihoodMetadata } from "./likelihood-file.ts";
export {
  parametersFrom,
  shapesOfHalves,
  type FindParameter,
  type Half,
  type InputSize,
} from "./parameters.ts";
export {
  defaultClassName,
  isOwnClass,
  isUnknownClass,
  knownClassNames,
  knownModels,
  modelNamed,
  modelOfConfig,
  modelsToAsk,
  parseModelConfig,
  type ParsedModelConfig,
} from "./registry.ts";
export { registerModel } from "./register-model.ts";
