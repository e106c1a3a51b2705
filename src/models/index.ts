export {
  buildDecoder,
  buildEncoder,
  decode,
  encode,
  parametersFrom,
  parameterShapes,
  type AutoencoderKLContext,
  type FindParameter,
  type InputSize,
} from "./autoencoder-kl/graph.ts";
export {
  completeConfig,
  defaultConfig,
  formatConfig,
  parseConfig,
  spatialFactor,
  type AutoencoderKLConfig,
  type AutoencoderKLConfigJson,
  type GivenConfig,
} from "./autoencoder-kl/config.ts";
export { configLimits } from "./config-limits.ts";
export { initializeParameters } from "./initialize-parameters.ts";
export {
  initializeMlpVae,
  iwaeMlpVae,
  mlpDecoder,
  mlpEncoder,
  mlpVaeShapes,
  pytorchExamplesMlpVae,
  type MlpVaeConfig,
} from "./mlp-vae/graph.ts";
export { isMlpVaeConfig, mlpVaeClassName, mlpVaeNames, parseMlpVaeConfig } from "./mlp-vae/config.ts";
