/** vaekit in Node: everything that the portable part has, and what files, the hub and sharp add. */
export * from "../core.ts";
export { AutoencoderKL } from "./autoencoder-kl.ts";
export type {
  FromConfigOptions,
  FromPretrainedOptions,
  FromSingleFileOptions,
  OpenVaeOptions,
  RuntimeOptions,
} from "./opening-options.ts";
export { MlpVae } from "./mlp-vae.ts";
export type { NodeVae } from "./classes.ts";
export { compareWeights, type WeightsComparison } from "./compare-weights.ts";
export { placeOf as modelPlaceOf, type ModelPlace } from "../hub/index.ts";
export { openVae, type ModelHalves } from "./open-vae.ts";
export {
  NodeRuntime,
  type NodeRuntimeOptions,
  type RuntimeDescription,
} from "../runtime/node/node-runtime.ts";
export * from "../images/node/index.ts";
export {
  openFileSource,
  OutputFiles,
  removePartialFiles,
  writeFileAtomic,
  type FileContent,
} from "../files/node/index.ts";
export * from "./latents/index.ts";
export { readSafetensorsFile, writeSafetensorsFile } from "../weights/node/index.ts";
