/** AutoencoderKL in the browser: weights by fetch, ONNX Runtime Web. */
import type { AutoencoderKLConfig } from "../models/index.ts";
import type { OrtModule } from "../runtime/web/web-runtime.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { AutoencoderKLModel } from "../vae/autoencoder-kl.ts";
import type { DecodingOptions } from "../vae/preview.ts";
import type { VaeParts } from "../vae/vae.ts";
import type { ModelSource } from "./model-source.ts";
import { fromPretrained, fromSingleFile, openBuiltIn } from "./open-class.ts";
import type {
  FetchingOptions,
  FromPretrainedOptions,
  FromSingleFileOptions,
  RuntimeOptions,
} from "./opening-options.ts";
import { withWebPreview } from "./decoding-options.ts";
import { WebPicture } from "./pictures.ts";

/** The KL autoencoder of latent diffusion models. */
export class AutoencoderKL extends AutoencoderKLModel {
  /**
   * Opens a model in diffusers' format: a hub id ("org/name"), the URL of a folder, whose query goes with every file, or the
   * files of one that a user chose.
   *
   * @param ort the entry of onnxruntime-web to run on; by default its WebAssembly build.
   * @throws INVALID_ARGUMENT, NOT_FOUND, IO, HUB, ABORTED, INVALID_CONFIG, INVALID_FILE, WEIGHTS_MISMATCH
   */
  static fromPretrained(
    source: ModelSource,
    options: FromPretrainedOptions = {},
    ort?: OrtModule,
  ): Promise<AutoencoderKL> {
    return fromPretrained({ className: "AutoencoderKL", vaeClass: AutoencoderKL }, source, options, ort);
  }

  /**
   * Opens a single .safetensors file: original (CompVis, SGM, BFL) or diffusers' names, alone or inside a
   * whole checkpoint. Its config is what the tensors' shapes say, then the family `as`, then the given `config`.
   *
   * @throws INVALID_CONFIG when the tensors fit more than one family and neither `config` nor `as` says which, or when
   *   one of them contradicts the shapes.
   */
  static fromSingleFile(
    source: string | URL | Blob,
    options: FromSingleFileOptions = {},
    ort?: OrtModule,
  ): Promise<AutoencoderKL> {
    return fromSingleFile({ className: "AutoencoderKL", vaeClass: AutoencoderKL }, source, options, ort);
  }

  /**
   * The small model inside the package: factor 8, 16 latent channels. Its weights are a file of 3.4 MB that bundlers emit beside
   * the code.
   *
   * @param ort the entry of onnxruntime-web to run on; by default its WebAssembly build.
   * @throws NOT_FOUND, INVALID_FILE where a bundler left the weights behind; IO, ABORTED
   */
  static async default(
    options: RuntimeOptions & FetchingOptions = {},
    ort?: OrtModule,
  ): Promise<AutoencoderKL> {
    const { defaultModel } = await import("./default-model.ts");
    return openBuiltIn(AutoencoderKL, defaultModel, options, ort);
  }

  /** @internal From the parts of a model of this class. */
  static of(parts: VaeParts): AutoencoderKL {
    return new AutoencoderKL(parts as VaeParts<AutoencoderKLConfig, never>);
  }

  /** As every model's, for a canvas too: {@link WebPicture.toImageData}. */
  override async decodeImage(
    latents: Tensor,
    options: DecodingOptions<WebPicture> = {},
  ): Promise<WebPicture> {
    return new WebPicture(await super.decodeImage(latents, withWebPreview(options)));
  }
}
