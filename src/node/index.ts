/**
 * vaekit in Node: models, pictures, latents and files. `vaekit/node` is the same, for programs that must
 * not be bundled for browsers; there `vaekit` is `vaekit/web`.
 *
 * @example
 * ```ts
 * import { writeFile } from "node:fs/promises";
 * import { AutoencoderKL } from "vaekit";
 *
 * const vae = await AutoencoderKL.default(); // or openVae("org/name"), openVae("models/my-vae")
 * const latents = await vae.encodeImage("photo.jpg", { size: 256 }); // float32 [1, 16, h, w], as a diffusion model sees them
 * const picture = await vae.decodeImage(latents);
 * await writeFile("reconstruction.png", await picture.toPng());
 * console.log(latents.shape, `${picture.width}x${picture.height}`);
 * await vae.dispose();
 * ```
 *
 * @module vaekit
 */
import "./supported-node.ts";
export * from "../core.ts";
export { AutoencoderDC } from "./autoencoder-dc.ts";
export { AutoencoderKL } from "./autoencoder-kl.ts";
export { AutoencoderKLFlux2 } from "./autoencoder-kl-flux2.ts";
export { AutoencoderKLHunyuanImage } from "./autoencoder-kl-hunyuan-image.ts";
export { AutoencoderKLQwenImage, AutoencoderKLQwenImage21, AutoencoderKLWan } from "./autoencoder-kl-wan.ts";
export { AutoencoderTiny } from "./autoencoder-tiny.ts";
export { VQModel } from "./vq-model.ts";
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
export type { FileProgress } from "../files/index.ts";
export type { ModelPlace } from "../hub/model-place.ts";
export { placeOf as modelPlaceOf } from "../hub/node/model-place.ts";
export { openVae, type ModelHalves } from "./open-vae.ts";
export {
  NodeRuntime,
  type NodeRuntimeOptions,
  type OrtSwitches,
  type RuntimeDescription,
  type TrickDescription,
  type TrickName,
} from "../runtime/node/node-runtime.ts";
export * from "../images/node/index.ts";
export {
  openFileSource,
  OutputFiles,
  removePartialFiles,
  writeFileAtomic,
  type FileContent,
  type FileSource,
  type WriteOptions,
} from "../files/node/index.ts";
export * from "./latents/index.ts";
export { readSafetensorsFile, writeSafetensorsFile, type SafetensorsContent } from "../weights/node/index.ts";
