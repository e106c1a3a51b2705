export {
  buildDecoder,
  buildEncoder,
  parameterShapes,
  type FindParameter,
  type InputSize,
} from "./autoencoder-kl.ts";
export {
  completeConfig,
  defaultConfig,
  formatConfig,
  parseConfig,
  spatialFactor,
  type AutoencoderKLConfig,
} from "./autoencoder-kl-config.ts";
export { initializeParameters } from "./initialize-parameters.ts";
