/** vaekit in the browser. */
export * from "../core.ts";
export { AutoencoderKL, type FromPretrainedOptions } from "./autoencoder-kl.ts";
export type { WebPicture } from "./pictures.ts";
export { WebRuntime, type OrtModule } from "../runtime/web/web-runtime.ts";
