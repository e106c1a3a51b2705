/** The public API that every platform shares. */
export { VaekitError, type ErrorCode } from "./errors.ts";
export { print, verify, type Graph } from "./graph/index.ts";
export * from "./images/index.ts";
export * from "./latents/index.ts";
export {
  completeConfig,
  defaultConfig,
  formatConfig,
  inferConfig,
  modelFamilies,
  modelNamed,
  parameterShapes,
  parseConfig,
  parseModelConfig,
  registerModel,
  spatialFactor,
  type AutoencoderKLConfig,
  type AutoencoderKLConfigJson,
  type GivenConfig,
  type ModelFacts,
  type ModelFamily,
  type ParsedModelConfig,
  type VaeModel,
} from "./models/index.ts";
export { encodeModel } from "./onnx/index.ts";
export { Generator } from "./random/index.ts";
export { devices, type ConcreteDevice, type Device, type Runtime, type Session } from "./runtime/index.ts";
export type { DType } from "./tensor/dtype.ts";
export type { ByteSource } from "./tensor/byte-source.ts";
export type { Shape } from "./tensor/shape.ts";
export type { FoundTensor, StoredTensor, UnreadTensor } from "./tensor/stored-tensor.ts";
export { Tensor } from "./tensor/tensor.ts";
export type { PictureEncodingOptions, PictureOptions } from "./vae/picture-coding.ts";
export {
  tilingModes,
  type CodingPlan,
  type ExportOptions,
  type Half,
  type CodingOptions,
  type CodingProgress,
  type ForwardOptions,
  type Tiling,
} from "./vae/options.ts";
export { Vae, type Reconstruction } from "./vae/vae.ts";
export { encodeSafetensors, parseSafetensors, readTensor, type Checkpoint } from "./weights/index.ts";
