/**
 * vaekit in the browser: models by URL, pictures as Blobs and canvases. A bundler for browsers finds it under `vaekit`, too.
 *
 * @example
 * ```ts
 * import { openVae } from "vaekit/web";
 *
 * // A folder with config.json and diffusion_pytorch_model.safetensors; of the hub: "https://huggingface.co/org/name/resolve/main/vae".
 * const vae = await openVae(new URL("model/", location.href));
 * const response = await fetch("photo.jpg");
 * const latents = await vae.encodeImage(await response.blob(), { size: 256 });
 * const picture = await vae.decodeImage(latents);
 * picture.drawTo(document.querySelector("canvas")!);
 * await vae.dispose();
 * ```
 *
 * @module vaekit/web
 */
export * from "../core.ts";
export { AutoencoderDC } from "./autoencoder-dc.ts";
export { AutoencoderKL } from "./autoencoder-kl.ts";
export { AutoencoderKLFlux2 } from "./autoencoder-kl-flux2.ts";
export { AutoencoderKLHunyuanImage } from "./autoencoder-kl-hunyuan-image.ts";
export { AutoencoderKLQwenImage, AutoencoderKLQwenImage21, AutoencoderKLWan } from "./autoencoder-kl-wan.ts";
export { AutoencoderTiny } from "./autoencoder-tiny.ts";
export { VQModel } from "./vq-model.ts";
export type { WebVae } from "./classes.ts";
export { openVae, type ModelHalves } from "./open-vae.ts";
export type { ModelSource } from "./model-source.ts";
export { clearModelCache, type ModelCache } from "./kept-files.ts";
export type { FileProgress } from "../files/index.ts";
export type {
  FetchingOptions,
  FromPretrainedOptions,
  FromSingleFileOptions,
  OpenVaeOptions,
  RuntimeOptions,
} from "./opening-options.ts";
export type { WebPicture } from "./pictures.ts";
export { readImage, type ReadImageOptions } from "./read-image.ts";
export { WebRuntime, type OrtModule, type WebRuntimeOptions } from "../runtime/web/web-runtime.ts";
