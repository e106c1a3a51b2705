/** AutoencoderTiny in the browser: weights by fetch, ONNX Runtime Web. */
import type { AutoencoderTinyConfig } from "../models/index.ts";
import type { OrtModule } from "../runtime/web/web-runtime.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { AutoencoderTinyModel } from "../vae/autoencoder-tiny.ts";
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

/** A tiny autoencoder: TAESD and its family. */
export class AutoencoderTiny extends AutoencoderTinyModel {
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
  ): Promise<AutoencoderTiny> {
    return fromPretrained({ className: "AutoencoderTiny", vaeClass: AutoencoderTiny }, source, options, ort);
  }

  /**
   * Opens a single .safetensors file of both halves. openVae opens the original repository's file of one half, or two of
   * them as one model.
   *
   * @throws INVALID_CONFIG when `config` contradicts the shapes, and for a family; UNSUPPORTED, WEIGHTS_MISMATCH
   */
  static fromSingleFile(
    source: string | URL | Blob,
    options: FromSingleFileOptions = {},
    ort?: OrtModule,
  ): Promise<AutoencoderTiny> {
    return fromSingleFile({ className: "AutoencoderTiny", vaeClass: AutoencoderTiny }, source, options, ort);
  }

  /**
   * The tiny model inside the package, for previews of the latents of `AutoencoderKL.default()`. Its weights are a file of
   * 0.3 MB that bundlers emit beside the code.
   *
   * @param ort the entry of onnxruntime-web to run on; by default its WebAssembly build.
   * @throws NOT_FOUND, INVALID_FILE where a bundler left the weights behind; IO, ABORTED
   */
  static async default(
    options: RuntimeOptions & FetchingOptions = {},
    ort?: OrtModule,
  ): Promise<AutoencoderTiny> {
    const { defaultPreview } = await import("./default-preview.ts");
    return openBuiltIn(AutoencoderTiny, defaultPreview, options, ort);
  }

  /** @internal From the parts of a model of this class. */
  static of(parts: VaeParts): AutoencoderTiny {
    return new AutoencoderTiny(parts as VaeParts<AutoencoderTinyConfig, never>);
  }

  /** As every model's, for a canvas too: {@link WebPicture.toImageData}. */
  override async decodeImage(
    latents: Tensor,
    options: DecodingOptions<WebPicture> = {},
  ): Promise<WebPicture> {
    return new WebPicture(await super.decodeImage(latents, withWebPreview(options)));
  }
}
