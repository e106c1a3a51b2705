/** The autoencoders of Wan and Qwen-Image in the browser: weights by fetch, ONNX Runtime Web. */
import type { AutoencoderKLOutput } from "../latents/outputs.ts";
import type {
  AutoencoderKLQwenImageConfig,
  AutoencoderKLQwenImage21Config,
  AutoencoderKLWanConfig,
} from "../models/index.ts";
import type { OrtModule } from "../runtime/web/web-runtime.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { DecodingOptions } from "../vae/preview.ts";
import { Vae, type VaeParts } from "../vae/vae.ts";
import type { ModelSource } from "./model-source.ts";
import { fromPretrained, fromSingleFile } from "./open-class.ts";
import type { FromPretrainedOptions, FromSingleFileOptions } from "./opening-options.ts";
import { withWebPreview } from "./decoding-options.ts";
import { WebPicture } from "./pictures.ts";

/** Qwen-Image's autoencoder, whose network is Wan 2.1's. */
export class AutoencoderKLQwenImage extends Vae<AutoencoderKLQwenImageConfig, AutoencoderKLOutput> {
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
  ): Promise<AutoencoderKLQwenImage> {
    return fromPretrained(
      { className: "AutoencoderKLQwenImage", vaeClass: AutoencoderKLQwenImage },
      source,
      options,
      ort,
    );
  }

  /**
   * Opens a single .safetensors file with diffusers' names or Wan's, as ComfyUI's files have them.
   *
   * @throws INVALID_CONFIG when it has as many latent channels as no published model, so that nothing says their
   *   scaling, or when `config` contradicts the shapes; WEIGHTS_MISMATCH
   */
  static fromSingleFile(
    source: string | URL | Blob,
    options: FromSingleFileOptions = {},
    ort?: OrtModule,
  ): Promise<AutoencoderKLQwenImage> {
    return fromSingleFile(
      { className: "AutoencoderKLQwenImage", vaeClass: AutoencoderKLQwenImage },
      source,
      options,
      ort,
    );
  }

  /** @internal From the parts of a model of this class. */
  static of(parts: VaeParts): AutoencoderKLQwenImage {
    return new AutoencoderKLQwenImage(parts as VaeParts<AutoencoderKLQwenImageConfig, never>);
  }

  /** As every model's, for a canvas too: {@link WebPicture.toImageData}. */
  override async decodeImage(
    latents: Tensor,
    options: DecodingOptions<WebPicture> = {},
  ): Promise<WebPicture> {
    return new WebPicture(await super.decodeImage(latents, withWebPreview(options)));
  }
}

/** Qwen-Image-2.1's autoencoder of pictures with alpha. */
export class AutoencoderKLQwenImage21 extends Vae<AutoencoderKLQwenImage21Config, AutoencoderKLOutput> {
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
  ): Promise<AutoencoderKLQwenImage21> {
    return fromPretrained(
      { className: "AutoencoderKLQwenImage21", vaeClass: AutoencoderKLQwenImage21 },
      source,
      options,
      ort,
    );
  }

  /**
   * Opens a single .safetensors file with diffusers' names.
   *
   * @throws INVALID_CONFIG when it has as many latent channels as no published model, so that nothing says their
   *   scaling, or when `config` contradicts the shapes; WEIGHTS_MISMATCH
   */
  static fromSingleFile(
    source: string | URL | Blob,
    options: FromSingleFileOptions = {},
    ort?: OrtModule,
  ): Promise<AutoencoderKLQwenImage21> {
    return fromSingleFile(
      { className: "AutoencoderKLQwenImage21", vaeClass: AutoencoderKLQwenImage21 },
      source,
      options,
      ort,
    );
  }

  /** @internal From the parts of a model of this class. */
  static of(parts: VaeParts): AutoencoderKLQwenImage21 {
    return new AutoencoderKLQwenImage21(parts as VaeParts<AutoencoderKLQwenImage21Config, never>);
  }

  /** As every model's, for a canvas too: {@link WebPicture.toImageData}. */
  override async decodeImage(
    latents: Tensor,
    options: DecodingOptions<WebPicture> = {},
  ): Promise<WebPicture> {
    return new WebPicture(await super.decodeImage(latents, withWebPreview(options)));
  }
}

/** The autoencoder of Wan 2.1 and 2.2, for single frames. */
export class AutoencoderKLWan extends Vae<AutoencoderKLWanConfig, AutoencoderKLOutput> {
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
  ): Promise<AutoencoderKLWan> {
    return fromPretrained(
      { className: "AutoencoderKLWan", vaeClass: AutoencoderKLWan },
      source,
      options,
      ort,
    );
  }

  /**
   * Opens a single .safetensors file with diffusers' names or Wan's, as ComfyUI's files have them.
   *
   * @throws INVALID_CONFIG when it has as many latent channels as no published model, so that nothing says their
   *   scaling, or when `config` contradicts the shapes; WEIGHTS_MISMATCH
   */
  static fromSingleFile(
    source: string | URL | Blob,
    options: FromSingleFileOptions = {},
    ort?: OrtModule,
  ): Promise<AutoencoderKLWan> {
    return fromSingleFile(
      { className: "AutoencoderKLWan", vaeClass: AutoencoderKLWan },
      source,
      options,
      ort,
    );
  }

  /** @internal From the parts of a model of this class. */
  static of(parts: VaeParts): AutoencoderKLWan {
    return new AutoencoderKLWan(parts as VaeParts<AutoencoderKLWanConfig, never>);
  }

  /** As every model's, for a canvas too: {@link WebPicture.toImageData}. */
  override async decodeImage(
    latents: Tensor,
    options: DecodingOptions<WebPicture> = {},
  ): Promise<WebPicture> {
    return new WebPicture(await super.decodeImage(latents, withWebPreview(options)));
  }
}
