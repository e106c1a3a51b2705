/// <reference lib="esnext.disposable" preserve="true" />
/** The public API that every platform shares. */
export { VaekitError, type ErrorCode, type VaekitErrorOptions } from "./errors.ts";
export { print, verify, type Graph } from "./graph/index.ts";
export * from "./images/index.ts";
export * from "./latents/index.ts";
export {
  completeConfig,
  completeVQModelConfig,
  defaultConfig,
  formatConfig,
  inferConfig,
  modelFamilies,
  modelNamed,
  normTypes,
  parameterShapes,
  parseConfig,
  parseModelConfig,
  registerModel,
  spatialFactor,
  type AnyGivenConfig,
  type AutoencoderDCConfig,
  type AutoencoderKLConfig,
  type AutoencoderKLConfigJson,
  type AutoencoderKLFlux2Config,
  type AutoencoderKLFlux2ConfigJson,
  type AutoencoderKLHunyuanImageConfig,
  type AutoencoderKLQwenImage21Config,
  type AutoencoderKLQwenImageConfig,
  type AutoencoderKLWanConfig,
  type AutoencoderTinyConfig,
  type BlocksConfig,
  type BufferFacts,
  type Buffers,
  type CheckpointTolerance,
  type ConfigSchema,
  type DCBlockType,
  type DCNormType,
  type FamilyPreset,
  type FindParameter,
  type GivenConfig,
  type GivenDCConfig,
  type GivenFlux2Config,
  type GivenHunyuanImageConfig,
  type GivenSources,
  type GivenQwenImage21Config,
  type GivenQwenImageConfig,
  type GivenTinyConfig,
  type GivenVQModelConfig,
  type GivenWanConfig,
  type HalfTiles,
  type InputSize,
  type MlpPixels,
  type MlpVaeConfig,
  type LikelihoodBeside,
  type ModelFacts,
  type ModelFamily,
  type ModelNames,
  type NormType,
  type ParsedConfig,
  type ParsedModelConfig,
  type TensorShapes,
  type TileDecoder,
  type TileFacts,
  type VaeModel,
  type VQModelConfig,
  type VQModelConfigJson,
  type WeightsAlone,
} from "./models/index.ts";
export { encodeModel, type Placement, type PlacementBeside, type PlacementInside } from "./onnx/index.ts";
export {
  Generator,
  type BaseGenerator,
  type FloatDType,
  type PhiloxGenerator,
  type TorchGenerator,
} from "./random/index.ts";
export {
  devices,
  type ConcreteDevice,
  type Device,
  type FileStep,
  type JoinedRegions,
  type ReadStep,
  type RegionPart,
  type RunStep,
  type WriteStep,
  type Region,
  type RunOptions,
  type Runtime,
  type Session,
  type SessionOptions,
  type State,
  type Workspace,
  type WorkspaceOptions,
  type WorkspaceStep,
} from "./runtime/index.ts";
export type { DataOf, DType } from "./tensor/dtype.ts";
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
export type { WarmUpOptions } from "./vae/warm-up.ts";
export type { DecodingOptions, PreviewVae } from "./vae/preview.ts";
export type { ParameterDescription } from "./vae/described-vae.ts";
export {
  compareLatentSpaces,
  type CrossedPicture,
  type LatentSpaceComparison,
  type LatentSpaceVerdict,
} from "./vae/compare-latent-spaces.ts";
export type { VQDecodingOptions } from "./vae/vq-model.ts";
export { Vae, type Reconstruction } from "./vae/vae.ts";
export {
  encodeSafetensors,
  parseSafetensors,
  readTensor,
  type Checkpoint,
  type ParseSafetensorsOptions,
} from "./weights/index.ts";
