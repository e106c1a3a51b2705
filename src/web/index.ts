/** vaekit in the browser. */
export * from "../core.ts";
export { AutoencoderKL } from "./autoencoder-kl.ts";
export type { WebVae } from "./classes.ts";
export { openVae } from "./open-vae.ts";
export type { FromPretrainedOptions } from "./opening-options.ts";
export type { WebPicture } from "./pictures.ts";
export { WebRuntime, type OrtModule } from "../runtime/web/web-runtime.ts";
